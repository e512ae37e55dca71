import { type ContinueOptions, continueExecution } from "../execution/continue-execution.js";
import { printOutcome } from "../execution/print-outcome.js";
import { storedResult } from "../execution/stored-result.js";
import { availableNodes, openEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import { requireExecution } from "../storage/require-execution.js";
import { createExistingStorage } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";

/** `automatrix resume ID`: continues an unfinished execution here; of one that has ended it prints the result. */
export async function resumeCommand(id: string, options: ContinueOptions, streams: Streams): Promise<number> {
  const nodes = await availableNodes(options.nodes);
  const storage = await createExistingStorage(options.storage);
  const { storage: storageUrl, concurrency } = options;
  // Below, results are awaited before they are returned: the engine must not close before.
  await using opened = await openEngine({ storage, nodes, concurrency, errors: streams.errors });
  const record = await requireExecution(storage, { id, url: storageUrl });
  if (record.endedAt === null) return await continueExecution({ opened, record, nodes, options, streams });
  if (options.quiet !== true) streams.errors.write(`Execution ${printable(id)} has already ended:\n`);
  const result = await storedResult(storage, record);
  const whereabouts = { storageUrl, nodeFiles: options.nodes };
  return await printOutcome({ kind: "ended", result }, { storage, whereabouts, options, streams });
}
