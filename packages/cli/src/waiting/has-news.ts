import type { ExecutionSummary, InboxItem, Storage, WaitRecord } from "@automatrix/core";

/** Whether something came that a waiting execution would go on with: a cancel, or what one of its nodes waits for. */
export async function hasNews(
  storage: Storage,
  { id, cancelRequested }: Pick<ExecutionSummary, "id" | "cancelRequested">,
): Promise<boolean> {
  if (cancelRequested !== null) return true;
  const inbox = await storage.listInbox(id);
  if (inbox.length === 0) return false;
  const waits = await storage.listWaits(id);
  return inbox.some((item) => waits.some((wait) => isFor(wait, item)));
}

/** A signal that came early lies in the inbox too, and nobody waits for it yet. */
function isFor({ signalName, nodePath }: WaitRecord, { kind, name }: InboxItem): boolean {
  return kind === "signal" ? signalName === name : nodePath === name;
}
