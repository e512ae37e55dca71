import type { ExecutionEvent, Storage } from "@automatrix/core";
import { EXIT_OK } from "../exit-code.js";
import { printable, shorten } from "../printable.js";
import { journalOf } from "../storage/journal-of.js";
import { openReader } from "../storage/open-reader.js";
import { requireExecution } from "../storage/require-execution.js";
import type { Streams } from "../streams.js";

export interface JournalOptions {
  readonly storage: string;
  readonly after: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const LOOK_INTERVAL_MS = 250;
const TYPE_WIDTH = 20;
const MAX_DATA_LENGTH = 200;

/** `automatrix journal ID`: what happened in an execution, one event a line; `--follow` goes on until it ends. */
export async function journalCommand(id: string, options: JournalOptions, streams: Streams): Promise<number> {
  await using reader = await openReader(options.storage);
  const { storage } = reader;
  await requireExecution(storage, { id, url: options.storage });
  let after = options.after;
  for (;;) {
    // Asked before the journal is read: what was written until then is still printed.
    const isOver = options.follow !== true || (await hasEnded(storage, id));
    for await (const event of journalOf(storage, { executionId: id, after })) {
      streams.output.write(`${options.json === true ? JSON.stringify(event) : eventText(event)}\n`);
      after = event.seq;
    }
    if (isOver) return EXIT_OK;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

async function hasEnded(storage: Storage, id: string): Promise<boolean> {
  const record = await storage.getExecution(id);
  return record === undefined || record.endedAt !== null;
}

/** One event as a line: `12  2026-01-31T09:00:00.000Z  node.completed  fetch  {"port":"default"}`. */
function eventText({ seq, type, at, nodeId = "", attempt, data }: ExecutionEvent): string {
  const tries = attempt === undefined || attempt === 1 ? "" : ` (attempt ${attempt})`;
  const words = [
    String(seq).padStart(5),
    new Date(at).toISOString(),
    type.padEnd(TYPE_WIDTH),
    nodeId + tries,
    dataText(data),
  ];
  return printable(words.filter((word) => word !== "").join("  ")).trimEnd();
}

/** What the line says already, or what only programs read. */
const LEFT_OUT: ReadonlySet<string> = new Set(["path", "status", "attempts", "startedAt", "endedAt"]);

function dataText(data: unknown): string {
  const text = JSON.stringify(data, (key, value: unknown) => (LEFT_OUT.has(key) ? undefined : value)) ?? "";
  return text === "{}" || text === "null" ? "" : shorten(text, MAX_DATA_LENGTH);
}
