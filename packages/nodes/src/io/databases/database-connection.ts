import type { PooledConnection } from "./connection-pool.js";

/** One statement with its bound parameters, and the most that it may answer. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Names of the parameters; undefined where their order counts. SQLite alone knows them. */
  readonly names?: readonly string[];
  readonly rowLimit: number;
  readonly maxBytes: number;
}

/** What a statement answered, as JSON. */
export interface StatementResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows read, or rows that were written. */
  readonly rowCount: number;
  /** True when there were more rows than `rowLimit`. */
  readonly truncated: boolean;
  /** Names in order; the second column of a name has `_2` behind it. */
  readonly columns: readonly string[];
  /** Key that MySQL gave to the row. */
  readonly insertId?: number | string;
}

/** A connection to a database, of whatever driver. */
export interface DatabaseConnection extends PooledConnection {
  /**
   * Runs one statement and reads at most `rowLimit` rows of it. An abort cancels it on the server and rejects with the
   * signal's reason; the connection is not usable after that.
   */
  run(statement: Statement, signal: AbortSignal): Promise<StatementResult>;
}

/** What is the same for all connections of a pool. */
export interface ConnectionSettings {
  /** For messages. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}
