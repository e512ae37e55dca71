/** Ids of executions, attempts and workers: unique, and rising in time where the implementation can. */
export interface Ids {
  next(): string;
}
