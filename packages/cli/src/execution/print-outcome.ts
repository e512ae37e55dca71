import type { ExecutionResult, Storage } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { durationText } from "../duration-text.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.js";
import { printable } from "../printable.js";
import type { Streams } from "../streams.js";
import { openWaits, type Whereabouts, waitingLines } from "../waiting/wait-text.js";
import type { Followed } from "./follow-execution.js";
import { toNodeResults } from "./stored-result.js";

export interface PrintOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface PrintParams {
  readonly storage: Storage;
  readonly whereabouts: Whereabouts;
  readonly options: PrintOptions;
  readonly streams: Streams;
}

/**
 * Prints what became of an execution that was followed: the output on stdout, everything else on stderr.
 * @returns the exit code: 0 only for one that completed
 */
export async function printOutcome(followed: Followed, params: PrintParams): Promise<number> {
  if (followed.kind === "ended") return printResult(followed.result, params);
  await printUnfinished(followed, params);
  return EXIT_FAILED;
}

function printResult(result: ExecutionResult, { storage, whereabouts, options, streams }: PrintParams): number {
  const { output, errors } = streams;
  const isCompleted = result.status === "completed";
  if (options.json === true) output.write(`${JSON.stringify(resultDocument(result))}\n`);
  else if (isCompleted) output.write(`${JSON.stringify(result.output, null, 2)}\n`);
  if (!isCompleted) errors.write(`${failureText(result)}\n`);
  else if (options.quiet !== true) errors.write(`completed in ${durationText(result.durationMs)}\n`);
  if (!isCompleted && options.quiet !== true && storage.capabilities.durable) {
    const retry = commandText(["retry", result.id], whereabouts.storageUrl, whereabouts.nodeFiles);
    errors.write(`try again, keeping what finished: ${retry}\n`);
  }
  return isCompleted ? EXIT_OK : EXIT_FAILED;
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

async function printUnfinished(
  { kind, executionId }: Exclude<Followed, { readonly kind: "ended" }>,
  params: PrintParams,
): Promise<void> {
  const { storage, whereabouts, options, streams } = params;
  if (options.json === true) {
    streams.output.write(`${JSON.stringify(await unfinishedDocument(storage, executionId))}\n`);
  }
  const id = printable(executionId);
  if (kind === "handed_back") {
    const resume = commandText(["resume", id], whereabouts.storageUrl, whereabouts.nodeFiles);
    return void streams.errors.write(`Execution ${id} is not finished. Continue it with: ${resume}\n`);
  }
  const record = await storage.getExecution(executionId);
  const lines = await waitingLines(
    storage,
    { id: executionId, blocked: record?.blocked ?? null, cancelRequested: record?.cancelRequested ?? null },
    whereabouts,
  );
  streams.errors.write([`Execution ${id} is kept and waits:`, ...lines.map((line) => `  ${line}`), ""].join("\n"));
}

/** The document of a result, for an execution that has none yet. */
async function unfinishedDocument(storage: Storage, executionId: string): Promise<Readonly<Record<string, unknown>>> {
  const record = await storage.getExecution(executionId);
  return {
    id: executionId,
    status: record?.status ?? null,
    output: null,
    error: null,
    duration_ms: record === undefined ? 0 : Date.now() - (record.startedAt ?? record.createdAt),
    nodes: toNodeResults(await storage.listNodes(executionId)),
    blocked: record?.blocked ?? null,
    waits: (await openWaits(storage, executionId)).map(({ executionId: of, nodePath, kind, signalName, resumeAt }) => ({
      executionId: of,
      nodePath,
      kind,
      signal: signalName,
      until: resumeAt,
    })),
  };
}
