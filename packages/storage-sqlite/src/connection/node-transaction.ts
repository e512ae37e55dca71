/**
 * The storage's transaction as a node's own code sees it: bound parameters, one statement at a time, and nothing that
 * would end the transaction, reach another file or write the engine's tables. Open until the callback has ended or its
 * time is up; a query after that is refused.
 */
import { StorageError, type StorageTransaction } from "@automatrix/core";
import type { Statement } from "better-sqlite3";
import type { Connection } from "./connection.js";

const ENGINE_TABLE = /automatrix_/i;
/** Whitespace and comments before the first word. */
const PREAMBLE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|;)*/;
const REFUSED_KINDS: ReadonlySet<string> = new Set([
  "BEGIN",
  "COMMIT",
  "END",
  "ROLLBACK",
  "SAVEPOINT",
  "RELEASE",
  "ATTACH",
  "DETACH",
  "PRAGMA",
  "VACUUM",
  "REINDEX",
]);

export interface NodeTransactionParams {
  readonly callback: (transaction: StorageTransaction) => Promise<void>;
  readonly timeoutMs: number;
}

/**
 * Runs the callback within the transaction that is open. Rejects with what the callback throws.
 * @throws StorageError `transaction_timed_out`
 */
export async function runNodeTransaction(
  connection: Connection,
  { callback, timeoutMs }: NodeTransactionParams,
): Promise<void> {
  const transaction = new NodeTransaction(connection);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StorageError("transaction_timed_out", `The node's transaction took longer than ${timeoutMs} ms.`));
    }, timeoutMs);
  });
  try {
    await Promise.race([callback(transaction), timeout]);
    transaction.refuseIfLost();
  } finally {
    clearTimeout(timer);
    transaction.close();
  }
}

class NodeTransaction implements StorageTransaction {
  readonly #connection: Connection;
  #isOpen = true;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async query(sql: string, parameters: readonly unknown[] = []): ReturnType<StorageTransaction["query"]> {
    if (!this.#isOpen)
      throw new StorageError("transaction_misused", "The transaction has ended; query inside its callback.");
    this.refuseIfLost();
    const { database } = this.#connection;
    refuseKind(sql);
    // Not kept: what nodes ask is not known beforehand, nor how much of it there is.
    const statement = database.prepare(sql);
    if (!statement.readonly && ENGINE_TABLE.test(sql))
      throw new StorageError(
        "transaction_misused",
        "Tables named automatrix_* are the engine's: they can be read, not written.",
      );
    bind(statement, parameters.map(toParameter));
    if (!statement.reader) return { rows: [], rowCount: statement.run().changes };
    const rows = statement.all() as Readonly<Record<string, unknown>>[];
    return { rows, rowCount: rows.length };
  }

  /** `ON CONFLICT ROLLBACK`, or an error as grave as a full disk, ends the transaction from within. */
  refuseIfLost(): void {
    if (!this.#connection.database.inTransaction)
      throw new StorageError("transaction_misused", "The transaction was rolled back by one of its statements.");
  }

  close(): void {
    this.#isOpen = false;
  }
}

function refuseKind(sql: string): void {
  const kind = /^[a-z]+/i.exec(sql.replace(PREAMBLE, ""))?.[0].toUpperCase() ?? "";
  if (REFUSED_KINDS.has(kind))
    throw new StorageError(
      "transaction_misused",
      `${kind} is not for a node: its transaction is begun and ended by the engine, on this database alone.`,
    );
}

/**
 * Binds by position (`?`), and by number (`$1`, `?1`) when the statement has no place by position: SQLite takes these for
 * names. It is SQLite that reads the statement, so that a `$1` within a text or comment is none.
 */
function bind(statement: Statement, values: readonly unknown[]): void {
  try {
    statement.bind(...values);
  } catch (error) {
    if (values.length === 0 || !(error instanceof RangeError) || !error.message.startsWith("Too many")) throw error;
    bindByNumber(statement, values);
  }
}

function bindByNumber(statement: Statement, values: readonly unknown[]): void {
  const used = new Set<number>();
  const byNumber = {};
  for (const [index, value] of values.entries()) {
    const get = () => {
      used.add(index);
      return value;
    };
    Object.defineProperty(byNumber, String(index + 1), { get, enumerable: true });
  }
  statement.bind(byNumber);
  if (used.size < values.length)
    throw new RangeError("Too many parameter values were provided: the statement does not name all of their numbers.");
}

function toParameter(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value;
}
