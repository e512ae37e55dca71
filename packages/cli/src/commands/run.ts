import type { ExecutionResult, Issue, WorkflowDefinition } from "@automatrix/core";
import { parseDecision, parseSignal } from "../answers.js";
import { durationText } from "../duration-text.js";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "../exit-code.js";
import { parseInputArgument } from "../input-argument.js";
import { isError, issueText } from "../issue-text.js";
import { loadWorkflow } from "../load-workflow.js";
import { openEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import { createProgress } from "../progress/create-progress.js";
import { runWorkflow } from "../run-workflow.js";
import { openStorageUrl } from "../storage-url.js";
import type { Streams } from "../streams.js";

export interface RunOptions {
  readonly input?: string;
  readonly storage: string;
  readonly concurrency?: number;
  readonly idempotencyKey?: string;
  readonly nodes: readonly string[];
  readonly decide: readonly string[];
  readonly signal: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `automatrix run FILE`: validates, runs, and prints the result. */
export async function runCommand(file: string, options: RunOptions, streams: Streams): Promise<number> {
  const input = parseInputArgument(options.input);
  const decisions = options.decide.map(parseDecision);
  const signals = options.signal.map(parseSignal);
  const storage = openStorageUrl(options.storage);
  const { definition, nodes, issues } = await loadWorkflow(file, { nodeFiles: options.nodes, streams });
  printIssues(issues, options, streams);
  if (issues.some(isError)) {
    if (options.json === true) streams.output.write(`${JSON.stringify(refusedDocument(issues))}\n`);
    return EXIT_USAGE;
  }
  await using engine = await openEngine({ storage, nodes, concurrency: options.concurrency, errors: streams.errors });
  const result = await runWorkflow({
    engine,
    // Validated a few lines above.
    definition: definition as WorkflowDefinition,
    input,
    idempotencyKey: options.idempotencyKey,
    decisions,
    signals,
    progress: createProgress(definition, { streams, quiet: options.quiet === true }),
    streams,
  });
  printResult(result, options, streams);
  return result.status === "completed" ? EXIT_OK : EXIT_FAILED;
}

function printIssues(issues: readonly Issue[], { quiet }: RunOptions, { errors }: Streams): void {
  for (const issue of issues) {
    if (quiet !== true || isError(issue)) errors.write(`${issueText(issue)}\n`);
  }
}

function printResult(result: ExecutionResult, { json, quiet }: RunOptions, { output, errors }: Streams): void {
  if (json === true) output.write(`${JSON.stringify(resultDocument(result))}\n`);
  else if (result.status === "completed") output.write(`${JSON.stringify(result.output, null, 2)}\n`);
  if (result.status !== "completed") errors.write(`${failureText(result)}\n`);
  else if (quiet !== true) errors.write(`completed in ${durationText(result.durationMs)}\n`);
}

/** How an execution that did not complete ended, in one line. */
export function failureText({ status, error, durationMs }: ExecutionResult): string {
  const end = `${status} after ${durationText(durationMs)}`;
  if (error === undefined || error === null) return end;
  const node = error.nodeId === undefined ? "" : ` (node ${error.nodeId})`;
  return printable(`${end}: ${error.code}: ${error.message}${node}`);
}

function resultDocument(result: ExecutionResult): Readonly<Record<string, unknown>> {
  return {
    id: result.id,
    status: result.status,
    output: result.output ?? null,
    error: result.error ?? null,
    duration_ms: result.durationMs,
    nodes: result.nodes,
  };
}

/** The same document for a definition that was never started. */
function refusedDocument(issues: readonly Issue[]): Readonly<Record<string, unknown>> {
  const error = { code: "invalid_definition", message: "The definition has errors.", details: { issues } };
  return { id: null, status: null, output: null, error, duration_ms: 0, nodes: {} };
}
