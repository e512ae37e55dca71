import Database from "better-sqlite3";
import { KnownExecutions } from "./known-executions.js";

/** What a statement takes; text first goes through {@link toText}. */
export type SqlValue = string | number | null;

/** How long SQLite itself waits for a lock, blocking the process; longer waits are asynchronous. */
const BLOCKING_WAIT_MS = 10;

export interface ConnectionParams {
  /** Absolute path, or `:memory:`. */
  readonly file: string;
  readonly synchronous: "full" | "normal";
  readonly maxFileBytes: number | undefined;
  readonly isReadOnly?: boolean;
}

/** One connection with its prepared statements. Everything on it is synchronous. */
export class Connection {
  readonly database: Database.Database;
  readonly known = new KnownExecutions();
  readonly #statements = new Map<string, Database.Statement<SqlValue[]>>();

  constructor({ file, synchronous, maxFileBytes, isReadOnly = false }: ConnectionParams) {
    this.database = new Database(file, { timeout: BLOCKING_WAIT_MS, readonly: isReadOnly, fileMustExist: isReadOnly });
    if (isReadOnly) return;
    this.database.pragma(`synchronous = ${synchronous === "full" ? "FULL" : "NORMAL"}`);
    if (maxFileBytes !== undefined) {
      const pageBytes = this.database.pragma("page_size", { simple: true }) as number;
      this.database.pragma(`max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`);
    }
  }

  /** The statement of this text, prepared at its first use. */
  prepare(sql: string): Database.Statement<SqlValue[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare<SqlValue[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** The first row, or undefined. */
  first<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.prepare(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.prepare(sql).all(...values) as Row[];
  }

  each<Row>(sql: string, ...values: SqlValue[]): IterableIterator<Row> {
    return this.prepare(sql).iterate(...values) as IterableIterator<Row>;
  }

  /** Changes when another connection has written, and then only. */
  readDataVersion(): number {
    return this.first<{ readonly data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  /** How many rows were changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.prepare(sql).run(...values).changes;
  }

  /** Ends the transaction that is open, if one is: SQLite ends it itself after some errors. */
  rollBack(): void {
    this.known.forget();
    if (this.database.inTransaction) this.run("ROLLBACK");
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }
}
