import { StorageError, type StorageTransaction } from "@automatrix/core";
import pg from "pg";
import type { Session } from "../connection/connection.js";
import { isConnectionLost, toStorageError } from "../connection/to-storage-error.js";

/** Statements that would end or split the transaction, outlast it, or take the connection over. */
const REFUSED =
  /^(abort|begin|close|commit|copy|declare|deallocate|discard|end|fetch|listen|move|notify|prepare|release|reset|rollback|savepoint|set(?!\s+local\b)|start|unlisten)\b/i;

/** The transaction as a node sees it: one statement at a time, with bound parameters, until the node's code has ended. */
export class NodeTransaction implements StorageTransaction {
  readonly #session: Session;
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;
  isConnectionLost = false;

  constructor(session: Session) {
    this.#session = session;
  }

  async query(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly rowCount: number }> {
    if (this.#isOver)
      throw new StorageError("storage_unavailable", "The transaction is over: await every query inside its callback.");
    refuseControl(sql);
    const answer = this.#last.then(() => this.#run(sql, parameters));
    this.#last = answer.catch(() => {});
    return answer;
  }

  refuseFurther(): void {
    this.#isOver = true;
  }

  /** Waits for statements that nobody waited for. */
  async close(): Promise<void> {
    this.refuseFurther();
    await this.#last;
  }

  async #run(sql: string, parameters: readonly unknown[]) {
    try {
      const { rows, rowCount } = await this.#session.query({ text: sql, values: parameters, queryMode: "extended" });
      return { rows, rowCount: rowCount ?? 0 };
    } catch (error) {
      this.isConnectionLost ||= isConnectionLost(error);
      // Our own error, so that the node is tried again.
      throw this.isConnectionLost || isUndone(error) ? toStorageError(error) : error;
    }
  }
}

/** True when the server undid the transaction for another one's sake: a deadlock, or a serialization failure. */
function isUndone(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code?.startsWith("40") === true;
}

function refuseControl(sql: string): void {
  if (REFUSED.test(sql.slice(findFirstWord(sql))))
    throw new StorageError(
      "invalid_input",
      "A node's transaction takes no statements that begin, end or split transactions, change the session or stream rows.",
    );
}

/** Where blanks, semicolons and comments end; comments of Postgres nest. */
function findFirstWord(sql: string): number {
  let index = 0;
  let depth = 0;
  while (index < sql.length) {
    const pair = sql.slice(index, index + 2);
    if (pair === "/*") depth++;
    else if (depth > 0 && pair === "*/") depth--;
    else if (depth === 0 && pair === "--") {
      const end = sql.slice(index).search(/[\n\r]/);
      if (end === -1) return sql.length;
      index += end;
      continue;
    } else if (depth > 0 || /[\s;]/.test(sql[index] as string)) {
      index++;
      continue;
    } else return index;
    index += 2;
  }
  return index;
}
