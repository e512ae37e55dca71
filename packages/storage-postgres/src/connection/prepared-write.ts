import type { Connection, Submittable } from "pg";
import { serialize } from "pg-protocol";

/** What a write puts into its statement, as text of Postgres. */
export type WriteValue = string | number | boolean | null;

/** A statement that answers no rows, prepared once a connection under its name. */
export interface WriteStatement {
  readonly name: string;
  readonly text: string;
  readonly values: WriteValue[];
}

/** Called once: with how many rows were written, or with what the driver or the server said. */
type Settle = (error: Error | null, written: number) => void;

/** Where the driver notes what a session has prepared. */
interface NotedStatements {
  readonly parsedStatements: Readonly<Record<string, string>>;
}

/**
 * A query for `pg` that asks for nothing but to be done. The driver's own asks what rows to expect, sends its messages
 * piece by piece and builds a result: for a small commit that takes as long as what the server does.
 */
export class PreparedWrite implements Submittable {
  /** The driver notes a statement as prepared under `name` with this `text`. */
  readonly name: string;
  readonly text: string;
  readonly #values: WriteValue[];
  /** Set by the driver where a limit of time is configured, to be told of the end. */
  callback: ((error?: Error) => void) | undefined;
  #settle: Settle | undefined;
  #written = 0;

  constructor({ name, text, values }: WriteStatement, settle: Settle) {
    this.name = name;
    this.text = text;
    this.#values = values;
    this.#settle = settle;
  }

  /** In one piece. Of a stream that is closing the driver hears, and fails this query. */
  submit(connection: Connection): void {
    const { parsedStatements } = connection as Connection & NotedStatements;
    const messages = [
      serialize.bind({ statement: this.name, values: this.#values, valueMapper: toText }),
      serialize.execute(),
      serialize.sync(),
    ];
    if (parsedStatements[this.name] === undefined)
      messages.unshift(serialize.parse({ name: this.name, text: this.text }));
    if (connection.stream.writable) connection.stream.write(Buffer.concat(messages));
  }

  /** `text`: the command and how many rows, as in `INSERT 0 12`. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#written = Number(text.slice(text.lastIndexOf(" ") + 1));
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  #end(error: Error | null): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.callback?.();
    settle?.(error, this.#written);
  }
}

function toText(value: WriteValue): string | null {
  return value === null ? null : String(value);
}
