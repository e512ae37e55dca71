import { AutomatrixError } from "@automatrix/core";
import { CommanderError } from "commander";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./exit-code.js";
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

/** Codes of errors that are the caller's: another command line or definition mends them. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  "invalid_definition",
  "invalid_configuration",
  "invalid_input",
  "capability_missing",
  "duplicate_node_type",
  "trigger_not_found",
  "trigger_required",
  "execution_not_found",
  "execution_ended",
  "execution_completed",
  "execution_active",
  "node_not_found",
  "workflow_not_found",
]);

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
  return USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAILED;
}
