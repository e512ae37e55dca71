import { AutomatrixError } from "@automatrix/core";
import { CommanderError } from "commander";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOf } from "./exit-code.js";
import { issueText } from "./issue-text.js";
import { printable } from "./printable.js";
import { createProgram } from "./program.js";
import type { Streams } from "./streams.js";

/** Runs one command and resolves to its exit code; every error has become a message by then. */
export async function runCommandLine(args: readonly string[], streams: Streams): Promise<number> {
  let exitCode = EXIT_OK;
  const program = createProgram({
    streams,
    onExitCode: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, streams);
  }
}

function report(error: unknown, { errors }: Streams): number {
  // Commander has printed help, version or the usage error by itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  if (!AutomatrixError.is(error)) {
    errors.write(`automatrix: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT_FAILED;
  }
  errors.write(`automatrix: ${printable(error.message)}\n`);
  if ("issues" in error && Array.isArray(error.issues)) {
    for (const issue of error.issues) errors.write(`${issueText(issue)}\n`);
  }
  return exitCodeOf(error);
}
