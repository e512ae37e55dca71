import { TIMED_OUT_PORT } from "../definition/node-type.js";
import type { ApprovalDecision } from "../definition/wait.js";
import { ExecutionError } from "../errors/errors.js";
import { type ApprovalAnswer, approvalKey, judgeApproval, ordinalOfApproval } from "../execution/approval.js";
import type { InboxItem, NodeRecord, WaitRecord } from "../ports/execution-record.js";
import type { Storage } from "../ports/storage.js";

export interface DecideParams {
  readonly storage: Storage;
  /** Puts an item into the execution's inbox. */
  readonly send: (item: InboxItem) => ReturnType<Storage["addToInbox"]>;
  readonly executionId: string;
  readonly nodePath: string;
  readonly decision: ApprovalDecision;
  readonly itemId: string;
  readonly maxUnread: number;
}

/**
 * Puts a decision into the inbox, wherever the execution is, and tells where the approval then stands. Each person
 * counts once; a decision that comes after the outcome is answered with the outcome.
 */
export async function decideApproval(params: DecideParams): Promise<ApprovalAnswer> {
  const { storage, executionId, nodePath, decision, itemId, maxUnread } = params;
  const wait = await findApproval(storage, executionId, nodePath);
  if (wait === undefined) return outcomeOf(params);
  const { approvers, quorum } = wait.approval;
  if (approvers !== null && !approvers.includes(decision.by)) {
    throw new ExecutionError("permission_denied", `"${decision.by}" is not among the approvers of node "${nodePath}".`);
  }
  const item: InboxItem = {
    id: itemId,
    kind: "approval",
    name: nodePath,
    payload: { ...decision },
    key: approvalKey(wait.ordinal, decision.by),
    at: decision.at,
  };
  const added = await params.send(item);
  if (added === "ended" || added === "not_found") return outcomeOf(params);
  if (added === "full")
    throw new ExecutionError("inbox_full", `Execution ${executionId} has ${maxUnread} unread items.`);
  return standing(params, wait.ordinal, quorum);
}

type ApprovalWait = WaitRecord & { readonly approval: NonNullable<WaitRecord["approval"]> };

async function findApproval(
  storage: Storage,
  executionId: string,
  nodePath: string,
): Promise<ApprovalWait | undefined> {
  const waits = await storage.listWaits(executionId);
  return waits.find((wait) => wait.nodePath === nodePath && wait.approval !== null) as ApprovalWait | undefined;
}

/** Decisions already counted into the wait, then those that lie in the inbox. */
async function standing(params: DecideParams, ordinal: number, quorum: number): Promise<ApprovalAnswer> {
  const { storage, executionId, nodePath } = params;
  const unread = (await storage.listInbox(executionId))
    .filter(({ kind, name, key }) => kind === "approval" && name === nodePath && ordinalOfApproval(key) === ordinal)
    .map(({ payload }) => payload as ApprovalDecision);
  const wait = await findApproval(storage, executionId, nodePath);
  if (wait === undefined) return outcomeOf(params);
  return judgeApproval([...wait.approval.decisions, ...unread], quorum);
}

/** The outcome of an approval that nobody waits for any more. */
async function outcomeOf({ storage, executionId, nodePath }: DecideParams): Promise<ApprovalAnswer> {
  const node = (await storage.listNodes(executionId)).find(({ path }) => path === nodePath);
  const output = node?.output as { readonly decision?: unknown; readonly decisions?: unknown } | null | undefined;
  if (isOutcome(output?.decision) && Array.isArray(output?.decisions))
    return { status: output.decision, decisions: output.decisions as ApprovalDecision[] };
  if (node !== undefined && hasTimedOut(node)) return { status: "timed_out", decisions: [] };
  const record = await storage.getExecution(executionId);
  if (record === undefined) throw new ExecutionError("execution_not_found", `There is no execution "${executionId}".`);
  if (record.endedAt !== null)
    throw new ExecutionError("execution_ended", `Execution ${executionId} has ended and takes no decisions.`);
  throw new ExecutionError(
    "wait_not_found",
    `Node "${nodePath}" of execution ${executionId} is not waiting for an approval.`,
  );
}

function isOutcome(decision: unknown): decision is "approved" | "rejected" {
  return decision === "approved" || decision === "rejected";
}

/** True when its deadline came first: it went on by that port, or failed since nothing is connected to it. */
function hasTimedOut({ status, port, output, error }: NodeRecord): boolean {
  if (status === "failed") return error?.code === "wait_timed_out";
  return status === "completed" && port === TIMED_OUT_PORT && output === null;
}
