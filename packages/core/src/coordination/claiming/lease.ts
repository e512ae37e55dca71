import { ConfigurationError } from "../../errors/errors.js";

/** How workers prove that they are alive. Given to `createEngine({ lease })`. */
export interface LeaseOptions {
  /** How long a worker may be silent before others take over its executions, in milliseconds. Default 15,000. */
  readonly durationMs: number;
  /** Default 5,000, and at most a third of `durationMs`. */
  readonly heartbeatMs: number;
  /** How often each worker looks for executions to claim, give or take half of it. Default 1,000. */
  readonly sweepMs: number;
}

export const DEFAULT_LEASE: LeaseOptions = Object.freeze({ durationMs: 15_000, heartbeatMs: 5_000, sweepMs: 1_000 });

/** Signs of life in the time of one lease: one may be late without the lease being lost. */
const HEARTBEATS_PER_LEASE = 3;

/**
 * The lease with its defaults; a short one without `heartbeatMs` gets one that keeps it.
 * @throws ConfigurationError `invalid_configuration`
 */
export function parseLease(options: Partial<LeaseOptions> = {}): LeaseOptions {
  const { durationMs = DEFAULT_LEASE.durationMs, sweepMs = DEFAULT_LEASE.sweepMs } = options;
  const heartbeatMs =
    options.heartbeatMs ?? Math.min(DEFAULT_LEASE.heartbeatMs, Math.ceil(durationMs / HEARTBEATS_PER_LEASE));
  const lease = { durationMs, heartbeatMs, sweepMs };
  for (const [name, value] of Object.entries(lease))
    if (!(Number.isFinite(value) && value > 0))
      throw new ConfigurationError(
        "invalid_configuration",
        `lease.${name} must be a positive number of milliseconds, not ${String(value)}.`,
      );
  return lease;
}
