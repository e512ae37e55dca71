import type { AutomatrixError } from "@automatrix/core";

/** Exit codes of every command. */
export const EXIT_OK = 0;
/** The execution failed or was cancelled, a check did not pass, or something unexpected happened. */
export const EXIT_FAILED = 1;
/** The command line or the definition cannot be used. */
export const EXIT_USAGE = 2;

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

/** The exit code of a command that ended with this error. */
export function exitCodeOf({ code, details }: AutomatrixError): number {
  // A database server read the URL and would not let anybody in: the storage could not be opened.
  const isFromServer = typeof details === "object" && details !== null && "sqlState" in details;
  return USAGE_CODES.has(code) && !isFromServer ? EXIT_USAGE : EXIT_FAILED;
}
