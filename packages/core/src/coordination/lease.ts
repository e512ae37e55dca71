/** How workers prove that they are alive. Given to `createEngine({ lease })`. */
export interface LeaseOptions {
  /** How long a worker may be silent before others take over its executions, in milliseconds. Default 15,000. */
  readonly durationMs: number;
  /** Default 5,000. */
  readonly heartbeatMs: number;
  /** How often each worker looks for executions to claim, give or take half of it. Default 1,000. */
  readonly sweepMs: number;
}

export const DEFAULT_LEASE: LeaseOptions = Object.freeze({ durationMs: 15_000, heartbeatMs: 5_000, sweepMs: 1_000 });
