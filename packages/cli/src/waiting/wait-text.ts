import type { ExecutionSummary, Storage, WaitRecord } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { instantText } from "../instant-text.js";
import { printable } from "../printable.js";
import { hasNews } from "./has-news.js";

/** Where an execution is kept and what it needs, for commands that go on with it. */
export interface Whereabouts {
  readonly storageUrl: string;
  readonly nodeFiles: readonly string[];
}

/** Waits that are spelled out; of more only the number is told. */
const MAX_SHOWN = 5;
/** Children whose waits are looked up, one below the other. */
const MAX_DEPTH = 32;

/** What a node waits for, in a few words. */
export function waitText({ nodePath, kind, resumeAt, signalName, approval, childId }: WaitRecord): string {
  const node = `node ${printable(nodePath)}`;
  const until = resumeAt === null ? "" : ` until ${instantText(resumeAt)}`;
  switch (kind) {
    case "delay":
      return `${node} waits${until}`;
    case "signal":
      return `${node} waits for the signal "${printable(signalName ?? "")}"${until}`;
    case "approval":
      return `${node} waits for an approval${until}: ${printable(approval?.message ?? "")}`;
    case "execution":
      return `${node} waits for the execution ${childId ?? ""}`;
    case "unknown_outcome":
      return `${node} waits for somebody who knows whether it took place`;
  }
}

/** The command that gives what a node waits for; undefined when no command does. */
export function answerText(
  wait: Pick<WaitRecord, "executionId" | "nodePath" | "kind" | "signalName">,
  { storageUrl, nodeFiles }: Whereabouts,
): string | undefined {
  const { executionId, nodePath, kind, signalName } = wait;
  switch (kind) {
    case "signal":
      return commandText(
        ["signal", executionId, signalName ?? "", "--data", "JSON", "--follow"],
        storageUrl,
        nodeFiles,
      );
    case "approval":
      return commandText(["resume", executionId, "--decide", `${nodePath}=approve`], storageUrl, nodeFiles);
    case "execution":
    case "unknown_outcome":
      return undefined;
    case "delay":
      return commandText(["resume", executionId, "--wait"], storageUrl, nodeFiles);
  }
}

/** Why an execution does not move and how to go on, a line each; for one that waits for a child, the child's reasons. */
export async function waitingLines(
  storage: Storage,
  execution: Pick<ExecutionSummary, "id" | "blocked" | "cancelRequested">,
  whereabouts: Whereabouts,
): Promise<readonly string[]> {
  const { storageUrl, nodeFiles } = whereabouts;
  const resume = commandText(["resume", execution.id], storageUrl, nodeFiles);
  if (execution.blocked !== null) {
    const { nodeId, message } = execution.blocked;
    const where = nodeId === undefined ? "" : ` at node ${printable(nodeId)}`;
    return [`blocked${where}: ${printable(message)}`, `  mend that, then: ${resume}`];
  }
  if (await hasNews(storage, execution)) return [`what it waits for has come; go on with: ${resume}`];
  const waits = await openWaits(storage, execution.id);
  const lines = waits.slice(0, MAX_SHOWN).flatMap((wait) => {
    const answer = answerText(wait, whereabouts);
    // What a child waits for moves the child; its parent goes on afterwards.
    const isOfChild = wait.executionId !== execution.id;
    const text = isOfChild ? `${waitText(wait)} (in the child execution ${wait.executionId})` : waitText(wait);
    return [text, ...(answer === undefined ? [] : [`  go on with: ${answer}${isOfChild ? `, then ${resume}` : ""}`])];
  });
  if (waits.length > MAX_SHOWN) lines.push(`and ${waits.length - MAX_SHOWN} more`);
  return lines.length > 0 ? lines : [`  go on with: ${resume}`];
}

/** What an execution waits for, those of the children that it waits for in place of the wait for the child. */
export async function openWaits(storage: Storage, executionId: string, depth = 0): Promise<readonly WaitRecord[]> {
  const waits: WaitRecord[] = [];
  for (const wait of await storage.listWaits(executionId)) {
    const ofChild =
      wait.childId === null || depth >= MAX_DEPTH ? [] : await openWaits(storage, wait.childId, depth + 1);
    waits.push(...(ofChild.length > 0 ? ofChild : [wait]));
  }
  return waits;
}
