import type { Logger } from "@automatrix/core";
import { instantText } from "../instant-text.js";
import { printable } from "../printable.js";
import type { OutputStream } from "../streams.js";

/** What a worker says: one line each, the instant first. */
export interface WorkerLog {
  line(text: string): void;
  /** For the engine: its warnings and errors become lines. */
  readonly logger: Logger;
}

export function createWorkerLog(stream: OutputStream): WorkerLog {
  const line = (text: string): void => void stream.write(`${instantText(Date.now())} ${printable(text)}\n`);
  const complain =
    (level: string) =>
    (message: string, { executionId, error }: Readonly<Record<string, unknown>> = {}): void => {
      const of = executionId === undefined ? "" : ` [${String(executionId)}]`;
      line(`${level}${of} ${message}${error === undefined ? "" : ` (${String(error)})`}`);
    };
  return {
    line,
    logger: { debug: () => {}, info: () => {}, warn: complain("warning:"), error: complain("error:") },
  };
}
