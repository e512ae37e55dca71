import type { ExecutionRecord } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { missingNodeTypes } from "../execution/missing-node-types.js";
import { EXIT_OK } from "../exit-code.js";
import { availableNodes, type OpenedEngine, openEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import { requireExecution } from "../storage/require-execution.js";
import { createExistingStorage } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";

export interface CancelOptions {
  readonly storage: string;
  readonly nodes: readonly string[];
  readonly json?: boolean;
}

/** Running nodes are given 5 s to stop; a process that only looks for news now and then needs a little more. */
const LONGEST_STOP_MS = 8_000;
const LOOK_INTERVAL_MS = 50;

/** `automatrix cancel ID`: cancels an execution, wherever it is. */
export async function cancelCommand(
  id: string,
  reason: string | undefined,
  options: CancelOptions,
  streams: Streams,
): Promise<number> {
  const nodes = await availableNodes(options.nodes);
  const storage = await createExistingStorage(options.storage);
  await using opened = await openEngine({ storage, nodes, errors: streams.errors });
  const record = await requireExecution(storage, { id, url: options.storage });
  const missing = missingNodeTypes(record, nodes);
  const wasBlocked = await storage.unblock(id);
  if (missing.length > 0 && record.endedAt === null) {
    // Taking it over without its node types would block it: whoever has them ends it.
    await storage.requestCancel(id, reason ?? null, Date.now());
  } else {
    await opened.engine.cancel(id, reason);
  }
  const status = await stopped(opened, record, wasBlocked || missing.length === 0 || record.owner !== null);
  printStatus({ id, status, missing, options, streams });
  return EXIT_OK;
}

/** Waits until it has stopped, or for as long as that may take; the status then. */
async function stopped(
  { storage }: OpenedEngine,
  record: ExecutionRecord,
  isWorthWaiting: boolean,
): Promise<ExecutionRecord["status"]> {
  const until = Date.now() + (isWorthWaiting ? LONGEST_STOP_MS : 0);
  for (;;) {
    const now = (await storage.getExecution(record.id)) ?? record;
    if (now.endedAt !== null || Date.now() >= until) return now.status;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

function printStatus(params: {
  readonly id: string;
  readonly status: ExecutionRecord["status"];
  readonly missing: readonly string[];
  readonly options: CancelOptions;
  readonly streams: Streams;
}): void {
  const { id, status, missing, options, streams } = params;
  if (options.json === true) return void streams.output.write(`${JSON.stringify({ id, status })}\n`);
  if (status === "cancelled") return void streams.output.write(`Execution ${printable(id)} is cancelled.\n`);
  streams.output.write(
    `The cancel of execution ${printable(id)} is noted and cannot be lost; it is still ${status}.\n`,
  );
  const resume = commandText(["resume", id], options.storage, missing.length > 0 ? ["FILE"] : options.nodes);
  const why = missing.length > 0 ? `It needs node types that are not here: ${printable(missing.join(", "))}. ` : "";
  streams.output.write(`${why}The process that runs it stops it; if there is none: ${resume}\n`);
}
