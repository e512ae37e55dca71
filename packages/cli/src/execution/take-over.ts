import type { OpenedEngine } from "../open-engine.js";
import type { Progress } from "../progress/progress.js";
import { journalOf } from "../storage/journal-of.js";
import type { Begun } from "./follow-execution.js";

/**
 * Goes on with an unfinished execution here, unless another process has it: then it is only followed.
 * @throws ExecutionError `execution_ended`
 */
export async function takeOver(opened: OpenedEngine, executionId: string, progress: Progress): Promise<Begun> {
  const { storage, engine } = opened;
  const waits = await storage.listWaits(executionId);
  let after = 0;
  for await (const event of journalOf(storage, { executionId })) {
    progress.recall(event);
    after = event.seq;
  }
  const handle = await engine.resume(executionId);
  return {
    handle,
    after,
    waits: waits.map(({ nodePath, kind, signalName, approval }) => ({
      nodePath,
      kind,
      signalName,
      message: approval?.message ?? "",
    })),
  };
}
