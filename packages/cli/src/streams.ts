/** Where a command writes. `columns` and `rows` are known for terminals only. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a command may read and write; tests hand in their own. */
export interface Streams {
  /** Standard input in pieces, to its end. */
  readInput(): AsyncIterable<Uint8Array>;
  /** True when a person sits at standard input. */
  readonly inputIsTerminal: boolean;
  /** Results, and nothing else. */
  readonly output: OutputStream;
  /** Progress, hints and errors. */
  readonly errors: OutputStream;
  /** False under `NO_COLOR` or `TERM=dumb`. */
  readonly color: boolean;
}

/** The streams of this process. */
export function processStreams(): Streams {
  return {
    readInput: () => process.stdin,
    inputIsTerminal: process.stdin.isTTY === true,
    output: process.stdout,
    errors: process.stderr,
    color: !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
  };
}
