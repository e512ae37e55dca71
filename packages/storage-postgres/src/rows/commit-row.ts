import type { ExecutionCommit, ExecutionEvent, NodeRecord, StepRecord } from "@automatrix/core";

/** What a row of `commits` holds of one commit; null where there is nothing. */
export interface CommitRow {
  readonly events: string | null;
  readonly nodes: string | null;
  readonly steps: string | null;
}

/** So many are looked through faster than they are put in a map. */
const FEW_RECORDS = 8;

/** An event without what the row knows already. `record`: its data is that node record of the same commit. */
type StoredEvent = readonly [
  type: ExecutionEvent["type"],
  at: number,
  nodeId: string | null,
  attempt: number | null,
  data: unknown,
  record?: number,
];

/** How events were stored before they were lists. */
interface EarlierEvent {
  readonly type: ExecutionEvent["type"];
  readonly at: number;
  readonly nodeId?: string;
  readonly attempt?: number;
  readonly data?: unknown;
  readonly record?: number;
}

export function toCommitRow(commit: ExecutionCommit): CommitRow {
  return {
    events: toEventsText(commit),
    nodes: toListText(commit.nodes),
    steps: toListText(commit.steps),
  };
}

function toListText(list: readonly unknown[] | undefined): string | null {
  return list === undefined || list.length === 0 ? null : JSON.stringify(list);
}

function toEventsText({ events = [], nodes = [] }: ExecutionCommit): string | null {
  if (events.length === 0) return null;
  const indexOf = toIndex(nodes);
  const stored = events.map(({ type, at, nodeId = null, attempt = null, data }): StoredEvent => {
    const record = indexOf(data);
    // An output is stored once: the event that tells of it points to the record.
    return record < 0 ? [type, at, nodeId, attempt, data] : [type, at, nodeId, attempt, null, record];
  });
  return JSON.stringify(stored);
}

/** Says where a record is in the list, or -1. */
function toIndex(records: readonly unknown[]): (record: unknown) => number {
  if (records.length <= FEW_RECORDS) return (record) => records.indexOf(record);
  const places = new Map(records.map((record, index) => [record, index]));
  return (record) => places.get(record) ?? -1;
}

/** Events of a row whose last one is number `lastSeq`. */
export function toEvents(
  { events, nodes }: Pick<CommitRow, "events" | "nodes">,
  { executionId, lastSeq }: { readonly executionId: string; readonly lastSeq: number },
): readonly ExecutionEvent[] {
  if (events === null) return [];
  const stored = (JSON.parse(events) as readonly (StoredEvent | EarlierEvent)[]).map(toStoredEvent);
  const records = stored.some(([, , , , , record]) => record !== undefined) ? toNodes(nodes) : [];
  const firstSeq = lastSeq - stored.length + 1;
  return stored.map(([type, at, nodeId, attempt, data, record], index) => ({
    seq: firstSeq + index,
    type,
    at,
    executionId,
    ...(nodeId === null ? {} : { nodeId }),
    ...(attempt === null ? {} : { attempt }),
    data: record === undefined ? data : records[record],
  }));
}

function toStoredEvent(event: StoredEvent | EarlierEvent): StoredEvent {
  if (!("type" in event)) return event;
  const { type, at, nodeId = null, attempt = null, data, record } = event;
  return record === undefined ? [type, at, nodeId, attempt, data] : [type, at, nodeId, attempt, null, record];
}

export function toNodes(nodes: string | null): readonly NodeRecord[] {
  return nodes === null ? [] : (JSON.parse(nodes) as readonly NodeRecord[]);
}

export function toSteps(steps: string | null): readonly StepRecord[] {
  return steps === null ? [] : (JSON.parse(steps) as readonly StepRecord[]);
}
