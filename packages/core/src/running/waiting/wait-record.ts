import { waitFactory } from "../../definition/wait.js";
import type { ErrorRecord, WaitRecord } from "../../ports/execution-record.js";
import type { ParkedNode } from "./parked-node.js";

export interface WaitRecordParams {
  readonly executionId: string;
  readonly nodePath: string;
  readonly ordinal: number;
  /** Of the execution that is waited for. */
  readonly childId: string | null;
  readonly at: number;
}

/** A wait as the storage keeps it. */
export function toWaitRecord(
  wait: ParkedNode["wait"],
  { executionId, nodePath, ordinal, childId, at }: WaitRecordParams,
): WaitRecord {
  const limitMs = limitMsOf(wait);
  return {
    executionId,
    nodePath,
    kind: wait.kind,
    ordinal,
    resumeAt: limitMs === undefined ? null : at + limitMs,
    signalName: wait.kind === "signal" ? wait.name : null,
    approval:
      wait.kind === "approval"
        ? { message: wait.message, approvers: wait.approvers ?? null, quorum: wait.quorum, decisions: [] }
        : null,
    childId,
    createdAt: at,
  };
}

function limitMsOf(wait: ParkedNode["wait"]): number | undefined {
  switch (wait.kind) {
    case "delay":
      return wait.delayMs;
    case "signal":
      return wait.timeoutMs;
    case "approval":
      return wait.deadlineMs;
    default:
      return undefined;
  }
}

/** The wait that a record stands for; a child is known by its id alone. */
export function toWait(
  { nodePath, kind, signalName, approval, childId }: WaitRecord,
  error: ErrorRecord | undefined,
): ParkedNode["wait"] {
  switch (kind) {
    case "delay":
      return waitFactory.delay(0);
    case "signal":
      return waitFactory.signal(signalName as string);
    case "approval": {
      const { message, approvers, quorum } = approval as NonNullable<WaitRecord["approval"]>;
      return waitFactory.approval({ message, quorum, ...(approvers === null ? {} : { approvers }) });
    }
    case "execution":
      return waitFactory.execution(childId ?? "");
    case "unknown_outcome": {
      const message = `Whether node "${nodePath}" took place is unknown; decide with engine.resolveUnknown.`;
      return { kind, error: error ?? { code: kind, message } };
    }
  }
}

/** What `node.waiting` says. */
export function toWaitData({ kind, resumeAt, signalName, approval }: WaitRecord, wait: ParkedNode["wait"]): unknown {
  return {
    kind,
    ...(wait.kind === "unknown_outcome" ? { error: wait.error } : {}),
    ...(resumeAt === null ? {} : { until: resumeAt }),
    ...(signalName === null ? {} : { signal: signalName }),
    ...(approval === null ? {} : { message: approval.message, approvers: approval.approvers, quorum: approval.quorum }),
  };
}

/** A wait, for people. */
export interface WaitDescription {
  readonly nodeId: string;
  readonly kind: string;
  readonly until: number | null;
  readonly signal?: string;
}

export function describeWait({ nodePath, kind, resumeAt, signalName }: WaitRecord): WaitDescription {
  return { nodeId: nodePath, kind, until: resumeAt, ...(signalName === null ? {} : { signal: signalName }) };
}
