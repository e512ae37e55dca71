import type { Issue, WorkflowDefinition } from "@automatrix/core";
import { type Begun, followExecution } from "../execution/follow-execution.js";
import { printOutcome } from "../execution/print-outcome.js";
import { takeOver } from "../execution/take-over.js";
import { EXIT_USAGE } from "../exit-code.js";
import { parseInputArgument } from "../input-argument.js";
import { isError, issueText } from "../issue-text.js";
import { loadWorkflow } from "../load-workflow.js";
import { type OpenedEngine, openEngine } from "../open-engine.js";
import { createProgress } from "../progress/create-progress.js";
import type { Progress } from "../progress/progress.js";
import { createStorage } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";
import { parseDecision, parseSignal } from "../waiting/answers.js";

export interface RunOptions {
  readonly input?: string;
  readonly storage: string;
  readonly concurrency?: number;
  readonly idempotencyKey?: string;
  readonly nodes: readonly string[];
  readonly decide: readonly string[];
  readonly signal: readonly string[];
  readonly wait?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `automatrix run FILE`: validates, runs, and prints the result. */
export async function runCommand(file: string, options: RunOptions, streams: Streams): Promise<number> {
  const input = options.input === undefined ? {} : parseInputArgument(options.input, "--input");
  const decisions = options.decide.map(parseDecision);
  const signals = options.signal.map(parseSignal);
  const storage = await createStorage(options.storage);
  const { definition, nodes, issues } = await loadWorkflow(file, { nodeFiles: options.nodes, streams });
  printIssues(issues, options, streams);
  if (issues.some(isError)) {
    if (options.json === true) streams.output.write(`${JSON.stringify(refusedDocument(issues))}\n`);
    return EXIT_USAGE;
  }
  const { concurrency, idempotencyKey } = options;
  await using opened = await openEngine({ storage, nodes, concurrency, errors: streams.errors });
  const whereabouts = { storageUrl: options.storage, nodeFiles: options.nodes };
  const progress = createProgress(definition, { streams, quiet: options.quiet === true });
  const followed = await followExecution({
    opened,
    // Validated a few lines above.
    begin: () => start({ opened, definition: definition as WorkflowDefinition, input, idempotencyKey, progress }),
    onInterrupt: "cancel",
    staysWhileWaiting: options.wait === true,
    decisions,
    signals,
    progress,
    streams,
    whereabouts,
  });
  return await printOutcome(followed, { storage, whereabouts, options, streams });
}

interface StartParams {
  readonly opened: OpenedEngine;
  readonly definition: WorkflowDefinition;
  readonly input: unknown;
  readonly idempotencyKey: string | undefined;
  readonly progress: Progress;
}

async function start({ opened, definition, input, idempotencyKey, progress }: StartParams): Promise<Begun> {
  const handle = await opened.engine.execute(definition, {
    input,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  // Told before it ends: after a crash it is what resume takes.
  if (opened.storage.capabilities.durable) progress.note(`execution ${handle.id}`);
  if (opened.focus.holds(handle.id)) return { handle };
  // The key named an earlier execution: it is gone on with where it stands.
  const { endedAt } = await opened.engine.getExecution(handle.id);
  return endedAt === null ? takeOver(opened, handle.id, progress) : { handle };
}

function printIssues(issues: readonly Issue[], { quiet }: RunOptions, { errors }: Streams): void {
  for (const issue of issues) {
    if (quiet !== true || isError(issue)) errors.write(`${issueText(issue)}\n`);
  }
}

/** The document of a result, for a definition that was never started. */
function refusedDocument(issues: readonly Issue[]): Readonly<Record<string, unknown>> {
  const error = { code: "invalid_definition", message: "The definition has errors.", details: { issues } };
  return { id: null, status: null, output: null, error, duration_ms: 0, nodes: {} };
}
