import type { ExecutionCommit, InboxItem } from "@automatrix/core";
import { type CommitRow, toCommitRow } from "./commit-row.js";
import { digestOf } from "./digest.js";
import { type CreateRow, toCreateRow, toPatchRow } from "./execution-row.js";
import { toJson } from "./json.js";
import { toPostgresText } from "./text.js";

/** Flags of a commit, as the function `commit_batch` reads them. */
export const COMPLETES = 1;
const PARKS = 2;
const CREATES = 4;
export const ENDS = 8;

/** A row of a JSON list that `commit_batch` takes. */
export type ListRow = Readonly<Record<string, unknown>>;

/** What few commits have: rows of tables beside `commits`. */
export interface EncodedRest {
  readonly create: CreateRow | undefined;
  readonly refusesAtLimit: boolean;
  readonly patch: ListRow | undefined;
  readonly waits: readonly ListRow[];
  readonly endedWaits: readonly ListRow[];
  readonly readInbox: readonly ListRow[];
  /** Digests of items that its writer knows or reads, when it parks. */
  readonly knownItems: readonly string[];
  readonly delivers: readonly ListRow[];
  /** Executions that get something, whose rows are locked too. */
  readonly targets: readonly string[];
}

/** One commit in the form that goes over the wire. */
export interface EncodedCommit extends CommitRow {
  readonly id: string;
  readonly epoch: number;
  readonly afterSeq: number | null;
  readonly eventCount: number;
  readonly flags: number;
  readonly rest: EncodedRest | undefined;
  /** Roughly how much there is to send. */
  readonly characters: number;
}

const NONE: readonly never[] = [];

export function encodeCommit(commit: ExecutionCommit): EncodedCommit {
  const { events, nodes, steps } = toCommitRow(commit);
  const rest = isPlain(commit) ? undefined : encodeRest(commit);
  return {
    id: toPostgresText(commit.executionId),
    epoch: commit.epoch,
    afterSeq: commit.afterSeq ?? null,
    eventCount: commit.events?.length ?? 0,
    flags: toFlags(commit),
    events,
    nodes,
    steps,
    rest,
    characters: lengthOf(events) + lengthOf(nodes) + lengthOf(steps) + charactersOf(rest?.create),
  };
}

/** True for the many commits in the middle of an execution: nothing but results, steps and events. */
function isPlain(commit: ExecutionCommit): boolean {
  return (
    commit.create === undefined &&
    commit.patch === undefined &&
    commit.park === undefined &&
    commit.waits === undefined &&
    commit.endedWaits === undefined &&
    commit.readInbox === undefined &&
    commit.deliver === undefined
  );
}

function encodeRest(commit: ExecutionCommit): EncodedRest {
  const { create, refuseAtLimit = false, deliver = NONE, readInbox = NONE, endedWaits = NONE, park } = commit;
  return {
    create: create === undefined ? undefined : toCreateRow(create),
    refusesAtLimit: refuseAtLimit,
    patch: toPatch(commit),
    waits: toWaits(commit),
    endedWaits: endedWaits.map((path) => ({ path_digest: digestOf(path) })),
    readInbox: readInbox.map((id) => ({ item_digest: digestOf(id) })),
    knownItems: park === undefined ? NONE : [...park.knownInbox, ...readInbox].map((id) => digestOf(id)),
    delivers: deliver.map(({ executionId, item }) => ({ id: toPostgresText(executionId), ...toInboxRow(item) })),
    targets: deliver.map(({ executionId }) => toPostgresText(executionId)),
  };
}

/** An item as the inbox keeps it. */
export function toInboxRow(item: InboxItem): {
  readonly item_digest: string;
  readonly seen_digest: string | null;
  readonly record: string;
} {
  return {
    item_digest: digestOf(item.id),
    seen_digest: item.key === null ? null : digestOf(item.kind, item.name, item.key),
    record: toJson(item),
  };
}

function toFlags({ patch, park, create }: ExecutionCommit): number {
  return (
    (patch?.status === "completed" ? COMPLETES : 0) |
    (park === undefined ? 0 : PARKS) |
    (create === undefined ? 0 : CREATES) |
    (patch?.endedAt == null ? 0 : ENDS)
  );
}

function toPatch({ patch, park }: ExecutionCommit): ListRow | undefined {
  if (patch === undefined && park === undefined) return undefined;
  return { ...toPatchRow(patch ?? {}), ...(park === undefined ? {} : { parks: true, wake_at: park.wakeAt }) };
}

/** One row a path, since a statement may write a row once: the last counts. */
function toWaits({ waits = NONE }: ExecutionCommit): readonly ListRow[] {
  const last = new Map(waits.map((wait) => [wait.nodePath, wait]));
  return [...last.values()].map((wait) => ({
    path_digest: digestOf(wait.nodePath),
    ordinal: wait.ordinal,
    record: toJson(wait),
  }));
}

function charactersOf(create: CreateRow | undefined): number {
  return create === undefined ? 0 : create.input.length + create.fixed.length;
}

function lengthOf(text: string | null): number {
  return text === null ? 0 : text.length;
}
