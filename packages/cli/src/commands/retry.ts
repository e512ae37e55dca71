import { ExecutionError, type RetryOptions } from "@automatrix/core";
import type { ContinueOptions } from "../execution/continue-execution.js";
import { followExecution } from "../execution/follow-execution.js";
import { requireNodeTypes } from "../execution/missing-node-types.js";
import { printOutcome } from "../execution/print-outcome.js";
import { availableNodes, openEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import { createProgress } from "../progress/create-progress.js";
import { requireExecution } from "../storage/require-execution.js";
import { createExistingStorage } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";
import { parseDecision, parseSignal } from "../waiting/answers.js";

export const RETRY_MODES = ["failed", "restart"] as const;

export interface RetryCommandOptions extends ContinueOptions {
  readonly from?: string;
  readonly mode: (typeof RETRY_MODES)[number];
}

/** `automatrix retry ID`: starts a new execution that keeps what finished in this one, and runs it to its end. */
export async function retryCommand(id: string, options: RetryCommandOptions, streams: Streams): Promise<number> {
  const decisions = (options.decide ?? []).map(parseDecision);
  const signals = (options.signal ?? []).map(parseSignal);
  const nodes = await availableNodes(options.nodes);
  const storage = await createExistingStorage(options.storage);
  const { storage: storageUrl, concurrency } = options;
  await using opened = await openEngine({ storage, nodes, concurrency, errors: streams.errors });
  const record = await requireExecution(storage, { id, url: storageUrl });
  if (record.status === "completed") throw completedError(id);
  requireNodeTypes(record, nodes);
  const definition = await storage.getDefinition(record.definitionHash);
  const progress = createProgress(definition ?? { nodes: [] }, { streams, quiet: options.quiet === true });
  const whereabouts = { storageUrl, nodeFiles: options.nodes };
  const followed = await followExecution({
    opened,
    begin: async () => {
      const handle = await opened.engine.retry(id, toRetryOptions(options));
      progress.note(`Execution ${handle.id} tries ${printable(id)} again.`);
      return { handle };
    },
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

function toRetryOptions({ from, mode }: RetryCommandOptions): RetryOptions {
  return { mode, ...(from === undefined ? {} : { from }) };
}

/** What the engine says of it names a call that is no command. */
function completedError(id: string): ExecutionError {
  return new ExecutionError(
    "execution_completed",
    `Execution ${id} completed, so that there is nothing to try again; run its workflow anew with automatrix run FILE.`,
  );
}
