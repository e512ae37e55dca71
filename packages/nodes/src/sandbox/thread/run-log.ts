import type { LogLevel } from "../guest-protocol.js";
import { MAX_LOG_LINE_CHARACTERS, MAX_LOG_LINES } from "../sandbox-limits.js";

/** What one run writes to the log, bounded in lines and in their length. */
export class RunLog {
  readonly #send: (level: LogLevel, text: string) => void;
  #lines = 0;

  constructor(send: (level: LogLevel, text: string) => void) {
    this.#send = send;
  }

  /** False when no further line is wanted. */
  write(level: LogLevel, text: string): boolean {
    this.#lines += 1;
    if (this.#lines === MAX_LOG_LINES + 1) this.#send("warn", "The code writes more to the log; the rest is left out.");
    if (this.#lines > MAX_LOG_LINES) return false;
    const isLong = text.length > MAX_LOG_LINE_CHARACTERS;
    this.#send(level, isLong ? `${text.slice(0, MAX_LOG_LINE_CHARACTERS)}…` : text);
    return true;
  }
}
