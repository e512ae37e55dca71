/** What the guards of a commit look at. */
export interface KnownExecution {
  readonly ordinal: number;
  readonly epoch: number;
  readonly isCancelRequested: boolean;
  readonly lastSeq: number;
}

/** Beyond this many it starts afresh. */
const MAX_KNOWN = 10_000;

/**
 * Executions as the last commits of this connection left them, so that the next commit of each need not read its row.
 * Right only while nothing but commits of this connection writes: whoever opens a transaction for anything else, sees
 * that another connection wrote, or rolls back, forgets them all.
 */
export class KnownExecutions {
  readonly #executions = new Map<string, KnownExecution>();
  #dataVersion: number | undefined;

  get(executionId: string): KnownExecution | undefined {
    return this.#executions.get(executionId);
  }

  set(executionId: string, execution: KnownExecution): void {
    if (this.#executions.size >= MAX_KNOWN) this.#executions.clear();
    this.#executions.set(executionId, execution);
  }

  delete(executionId: string): void {
    this.#executions.delete(executionId);
  }

  /** `dataVersion` is SQLite's own: it changes when another connection has written. */
  forgetUnlessAt(dataVersion: number): void {
    if (dataVersion !== this.#dataVersion) this.#executions.clear();
    this.#dataVersion = dataVersion;
  }

  forget(): void {
    this.#executions.clear();
  }
}
