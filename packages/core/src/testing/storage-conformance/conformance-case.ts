import assert from "node:assert/strict";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { ExecutionRecord } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import { commitOne, creation, eventDraft } from "../sample-rows.js";
import type { TestClock } from "../test-clock.js";

/** What a case works on: a fresh, opened storage and the clock it was made with. */
export interface ConformanceScene {
  readonly storage: Storage;
  readonly clock: TestClock;
}

/** One thing that a storage has to do. */
export interface CaseDraft {
  readonly name: string;
  /** True when leases have to end by the test clock. */
  readonly needsClock?: true;
  readonly check: (scene: ConformanceScene) => Promise<void>;
}

/** Cases of one behaviour. */
export interface CaseGroup {
  readonly group: string;
  readonly cases: readonly CaseDraft[];
}

/** How long the leases of the kit's workers last. */
export const LEASE_MS = 15_000;

/** What claims call now, unless a case says otherwise. */
export const DUE_AT = 10_000;

/** The whole journal. */
export const ALL_EVENTS = { after: 0, limit: 1_000 } as const;

export const DEFINITION: WorkflowDefinition = { name: "conformance", nodes: [{ id: "a", type: "noop" }] };

export async function createExecution(
  storage: Storage,
  id: string,
  parts: Partial<ExecutionRecord> = {},
): Promise<CommitOutcome> {
  const { afterSeq: _, ...commit } = creation(id, parts);
  return commitOne(storage, commit);
}

/** The commit that ends an execution. */
export function ending(
  id: string,
  status: "completed" | "failed" | "cancelled" = "completed",
  epoch = 1,
): ExecutionCommit {
  return {
    executionId: id,
    epoch,
    patch: { status, output: status === "completed" ? 1 : null, endedAt: 2_000 },
    events: [eventDraft(id, `execution.${status}`)],
  };
}

/** Creates an execution that nobody owns and that waits for its turn. */
export async function createQueued(
  storage: Storage,
  id: string,
  parts: Partial<ExecutionRecord> = {},
): Promise<CommitOutcome> {
  return createExecution(storage, id, { status: "queued", owner: null, startedAt: null, ...parts });
}

/** The commit that parks an execution. */
export function parking(
  id: string,
  {
    wakeAt = null,
    knownInbox = [],
    epoch = 1,
  }: { readonly wakeAt?: number | null; readonly knownInbox?: readonly string[]; readonly epoch?: number } = {},
): ExecutionCommit {
  return {
    executionId: id,
    epoch,
    patch: { status: "waiting" },
    park: { wakeAt, knownInbox },
    events: [eventDraft(id, "execution.waiting")],
  };
}

/** Creates an execution and parks it. */
export async function createParked(
  storage: Storage,
  id: string,
  { wakeAt = null, ...parts }: Partial<ExecutionRecord> = {},
): Promise<void> {
  await createExecution(storage, id, parts);
  assert.equal((await commitOne(storage, parking(id, { wakeAt }))).ok, true);
}

/** A claim of `worker-2`, unless `parts` name another. */
export async function claim(
  storage: Storage,
  parts: Partial<Parameters<Storage["claim"]>[0]> = {},
): ReturnType<Storage["claim"]> {
  return storage.claim({ workerId: "worker-2", limit: 10, leaseDurationMs: LEASE_MS, dueAt: DUE_AT, ...parts });
}

export async function claimIds(
  storage: Storage,
  parts: Partial<Parameters<Storage["claim"]>[0]> = {},
): Promise<readonly string[]> {
  return (await claim(storage, parts)).map(({ id }) => id);
}
