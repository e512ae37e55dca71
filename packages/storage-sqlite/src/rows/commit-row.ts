/**
 * What an execution wrote at one moment, as three columns of JSON. A value is stored once:
 *
 * - an event whose `data` is a node record of the same commit names the record's position;
 * - an event whose `data` has the output that the same commit gives the execution says so;
 * - an output, a step's value or an event's data over 16 KiB lies in a file, which the row names.
 *
 * Events are lists: `[type, at, nodeId, attempt, data]`, or with two more in place of the data: where it is, and which.
 */
import type { EventDraft, ExecutionCommit, ExecutionEvent, NodeRecord, StepRecord } from "@automatrix/core";
import type { PayloadReader } from "../payloads/payload-reader.js";
import type { PayloadWriter } from "../payloads/payload-writer.js";
import { fromJson, toJson } from "./json.js";

/** A row of the table of commits, without its key. */
export interface CommitColumns {
  readonly nodes: string | null;
  readonly steps: string | null;
  readonly events: string | null;
}

const MAX_SEARCHED_NODES = 8;
const INLINE_EVENT_LENGTH = 5;

/** Where data is that does not stand in the event itself. */
type DataPlace = "node" | "output" | "file";

type StoredEvent =
  | readonly [type: string, at: number, nodeId: string | null, attempt: number | null, data: unknown]
  | readonly [
      type: string,
      at: number,
      nodeId: string | null,
      attempt: number | null,
      data: null,
      place: DataPlace,
      which: number | string,
    ];

type StoredNode = NodeRecord & { readonly outputFile?: string };

type StoredStep =
  | readonly [nodePath: string, key: string, value: unknown]
  | readonly [nodePath: string, key: string, value: null, file: string];

export function toCommitColumns(commit: ExecutionCommit, writer: PayloadWriter): CommitColumns {
  const { executionId, nodes, steps, events } = commit;
  return {
    nodes: isEmpty(nodes) ? null : toNodesColumn(nodes, executionId, writer),
    steps: isEmpty(steps) ? null : toStepsColumn(steps, executionId, writer),
    events: isEmpty(events) ? null : toEventsColumn(events, commit, writer),
  };
}

function isEmpty<Item>(list: readonly Item[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

// ── nodes ────────────────────────────────────────────────────────────────────

function toNodesColumn(nodes: readonly NodeRecord[], executionId: string, writer: PayloadWriter): string {
  const text = toJson(nodes);
  if (!writer.isLarge(text)) return text;
  return toJson(
    nodes.map((node): StoredNode => {
      if (node.output === undefined) return node;
      const outputFile = writer.place(executionId, toJson(node.output));
      if (outputFile === undefined) return node;
      const { output: _output, ...rest } = node;
      return { ...rest, outputFile };
    }),
  );
}

/** The records as they were written; their large outputs are asked for by {@link fillOutput}. */
export function fromNodesColumn(text: string | null): readonly StoredNode[] {
  return text === null ? [] : fromJson(text);
}

/** The record; its output comes later when it lies in a file. */
export function fillOutput(stored: StoredNode, reader: PayloadReader): NodeRecord {
  const { outputFile } = stored;
  if (outputFile === undefined) return stored;
  const record: { -readonly [Key in keyof StoredNode]: StoredNode[Key] } = { ...stored };
  delete record.outputFile;
  reader.want(outputFile, (value) => {
    record.output = value;
  });
  return record;
}

// ── steps ────────────────────────────────────────────────────────────────────

function toStepsColumn(steps: readonly StepRecord[], executionId: string, writer: PayloadWriter): string {
  return toJson(
    steps.map(({ nodePath, key, value }): StoredStep => {
      const file = writer.place(executionId, toJson(value));
      return file === undefined ? [nodePath, key, value] : [nodePath, key, null, file];
    }),
  );
}

export function fromStepsColumn(text: string, reader: PayloadReader): readonly StepRecord[] {
  return fromJson<readonly StoredStep[]>(text).map(([nodePath, key, value, file]) => {
    const step = { nodePath, key, value };
    if (file !== undefined)
      reader.want(file, (loaded) => {
        step.value = loaded;
      });
    return step;
  });
}

// ── events ───────────────────────────────────────────────────────────────────

function toEventsColumn(events: readonly EventDraft[], commit: ExecutionCommit, writer: PayloadWriter): string {
  const indexOf = createIndexOf(commit.nodes ?? []);
  const stored = events.map((event) => toStoredEvent(event, commit, indexOf));
  const text = toJson(stored);
  if (!writer.isLarge(text)) return text;
  return toJson(
    stored.map((event): StoredEvent => {
      if (event.length > INLINE_EVENT_LENGTH) return event;
      const [type, at, nodeId, attempt, data] = event;
      const file = writer.place(commit.executionId, toJson(data));
      return file === undefined ? event : [type, at, nodeId, attempt, null, "file", file];
    }),
  );
}

function toStoredEvent(
  { type, at, nodeId: path, attempt: number, data }: EventDraft,
  commit: ExecutionCommit,
  indexOf: (data: unknown) => number,
): StoredEvent {
  const nodeId = path ?? null;
  const attempt = number ?? null;
  if (type === "node.completed" || type === "node.failed") {
    const index = indexOf(data);
    if (index >= 0) return [type, at, nodeId, attempt, null, "node", index];
  }
  if (type === "execution.completed" && hasOutputOf(data, commit))
    return [type, at, nodeId, attempt, null, "output", 0];
  return [type, at, nodeId, attempt, data];
}

/** Position of the very record, or -1. A commit may hold thousands: then they are looked up in a map. */
function createIndexOf(nodes: readonly NodeRecord[]): (data: unknown) => number {
  if (nodes.length <= MAX_SEARCHED_NODES) return (data) => nodes.indexOf(data as NodeRecord);
  const indexes = new Map<unknown, number>(nodes.map((node, index) => [node, index]));
  return (data) => indexes.get(data) ?? -1;
}

function hasOutputOf(data: unknown, { patch }: ExecutionCommit): boolean {
  if (typeof data !== "object" || data === null || patch?.output === undefined) return false;
  return Object.keys(data).length === 1 && (data as { readonly output?: unknown }).output === patch.output;
}

/** What the events of a row are made of. */
export interface EventsRow {
  readonly last_seq: number;
  readonly events: string;
  readonly nodes: string | null;
}

export interface EventsParams {
  readonly executionId: string;
  readonly reader: PayloadReader;
  /** Gives the execution's output to `put`. */
  readonly wantOutput: (put: (output: unknown) => void) => void;
}

/** The events of a row that come after `after`. */
export function fromEventsRow(row: EventsRow, after: number, params: EventsParams): readonly ExecutionEvent[] {
  const stored = fromJson<readonly StoredEvent[]>(row.events);
  const firstSeq = row.last_seq - stored.length + 1;
  const firstIndex = Math.max(0, after - firstSeq + 1);
  let nodes: readonly StoredNode[] | undefined;
  return stored.slice(firstIndex).map((event, index) => {
    const [type, at, nodeId, attempt, data, place, which] = event;
    const built: { -readonly [Key in keyof ExecutionEvent]: ExecutionEvent[Key] } = {
      seq: firstSeq + firstIndex + index,
      type: type as ExecutionEvent["type"],
      at,
      executionId: params.executionId,
      ...(nodeId === null ? {} : { nodeId }),
      ...(attempt === null ? {} : { attempt }),
      data,
    };
    if (place === "node") {
      nodes ??= fromNodesColumn(row.nodes);
      built.data = fillOutput(nodes[which as number] as StoredNode, params.reader);
    } else if (place === "output") {
      params.wantOutput((output) => {
        built.data = { output };
      });
    } else if (place === "file") {
      params.reader.want(which as string, (value) => {
        built.data = value;
      });
    }
    return built;
  });
}
