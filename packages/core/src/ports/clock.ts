/** Time. Everything but lease columns reads it from here. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once at or after the instant `at`; overdue runs soon, never synchronously. Returns its cancellation. */
  setTimer(at: number, run: () => void): () => void;
}
