import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { NodeContext } from "@automatrix/core";

/** One line of the ledger: a call of a node's function, or of the function of a step, began or ended. */
export interface LedgerLine {
  readonly what: "start" | "end";
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly executionId: string;
  /** Path of the node, `#` and the name of the step where it is one. */
  readonly path: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly idempotencyKey: string;
}

/**
 * The world outside: a file to which every process appends one line for each start and each end of a call. A line is
 * one write in append mode, so that lines of several processes never mix and their order is the order of the writes.
 */
export class Ledger {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  /** Runs `call` between its two lines; one that fails has no end. */
  async record<Value>(ctx: NodeContext, step: string | undefined, call: () => Promise<Value>): Promise<Value> {
    this.#append(ctx, step, "start");
    const value = await call();
    this.#append(ctx, step, "end");
    return value;
  }

  #append(ctx: NodeContext, step: string | undefined, what: LedgerLine["what"]): void {
    const line: LedgerLine = {
      what,
      pid: process.pid,
      at: Date.now(),
      executionId: ctx.execution.id,
      path: step === undefined ? ctx.nodePath : `${ctx.nodePath}#${step}`,
      attempt: ctx.attempt,
      attemptId: ctx.attemptId,
      idempotencyKey: ctx.idempotencyKey,
    };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The lines in the order in which they were written; a last line that was cut off is left out. */
export function readLedger(path: string): readonly LedgerLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LedgerLine);
}
