import { EXIT_OK, EXIT_USAGE } from "../exit-code.js";
import { isError, issueText } from "../issue-text.js";
import { loadWorkflow } from "../load-workflow.js";
import type { Streams } from "../streams.js";

export interface ValidateOptions {
  readonly nodes: readonly string[];
  readonly json?: boolean;
}

/** `automatrix validate FILE`: every issue with its place. */
export async function validateCommand(file: string, options: ValidateOptions, streams: Streams): Promise<number> {
  const { issues } = await loadWorkflow(file, { nodeFiles: options.nodes, streams });
  const errorCount = issues.filter(isError).length;
  const valid = errorCount === 0;
  if (options.json === true) streams.output.write(`${JSON.stringify({ valid, issues })}\n`);
  else {
    for (const issue of issues) streams.output.write(`${issueText(issue)}\n`);
    streams.output.write(
      `${valid ? "valid" : "invalid"}: ${count(errorCount, "error")}, ${count(issues.length - errorCount, "warning")}\n`,
    );
  }
  return valid ? EXIT_OK : EXIT_USAGE;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
