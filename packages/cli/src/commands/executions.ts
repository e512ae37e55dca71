import type { ExecutionStatus, ExecutionSummary, Page, Storage } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { durationText } from "../duration-text.js";
import { EXIT_OK } from "../exit-code.js";
import { instantText } from "../instant-text.js";
import { printable, shorten } from "../printable.js";
import { openReader } from "../storage/open-reader.js";
import type { Streams } from "../streams.js";
import { tableText } from "../table-text.js";
import { waitText } from "../waiting/wait-text.js";

export const EXECUTION_STATUSES = ["queued", "running", "waiting", "completed", "failed", "cancelled"] as const;

export interface ExecutionsOptions {
  readonly storage: string;
  readonly status: readonly ExecutionStatus[];
  readonly workflow?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

const HEADINGS = ["ID", "STATUS", "WORKFLOW", "STARTED", "DURATION", "REMARK"] as const;
const MAX_NAME_LENGTH = 30;
const MAX_REMARK_LENGTH = 100;

/** `automatrix executions`: the executions of a storage, the newest first. */
export async function executionsCommand(options: ExecutionsOptions, streams: Streams): Promise<number> {
  await using reader = await openReader(options.storage);
  const { items, nextCursor = null } = await listMatching(reader.storage, options);
  if (options.json === true) {
    streams.output.write(`${JSON.stringify({ items, nextCursor })}\n`);
    return EXIT_OK;
  }
  if (items.length === 0) {
    streams.errors.write("No executions.\n");
    return EXIT_OK;
  }
  const now = Date.now();
  const rows = await Promise.all(items.map(async (item) => toRow(item, await remarkOf(reader.storage, item), now)));
  streams.output.write(`${tableText([HEADINGS, ...rows])}\n`);
  if (nextCursor !== null) streams.errors.write(`More: ${nextPageText(options, nextCursor)}\n`);
  return EXIT_OK;
}

function nextPageText({ status, workflow, limit, storage }: ExecutionsOptions, cursor: string): string {
  const words = ["executions", "--limit", String(limit), "--cursor", cursor];
  if (workflow !== undefined) words.push("--workflow", workflow);
  if (status.length > 0) words.push("--status", ...status);
  return commandText(words, storage);
}

/** The storage finds by id of a saved workflow only; what was run from a file has a name, so that is looked at here. */
async function listMatching(storage: Storage, options: ExecutionsOptions): Promise<Page<ExecutionSummary>> {
  const { workflow, limit } = options;
  const items: ExecutionSummary[] = [];
  let cursor = options.cursor;
  do {
    const page: Page<ExecutionSummary> = await storage.listExecutions({
      limit: limit - items.length,
      ...(options.status.length === 0 ? {} : { status: options.status }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of page.items)
      if (workflow === undefined || item.workflowId === workflow || item.workflowName === workflow) items.push(item);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < limit);
  return { items, ...(cursor === undefined ? {} : { nextCursor: cursor }) };
}

function toRow(
  { id, status, workflowName, workflowId, startedAt, createdAt, endedAt }: ExecutionSummary,
  remark: string,
  now: number,
): readonly string[] {
  const begin = startedAt ?? createdAt;
  return [
    id,
    status,
    shorten(printable(workflowName ?? workflowId ?? "-"), MAX_NAME_LENGTH),
    instantText(begin),
    durationText((endedAt ?? now) - begin),
    shorten(remark, MAX_REMARK_LENGTH),
  ];
}

async function remarkOf(
  storage: Storage,
  { id, status, error, blocked, cancelRequested, owner, isParked }: ExecutionSummary,
): Promise<string> {
  if (error !== null) return printable(`${error.code}: ${error.message}`);
  if (blocked !== null) return printable(`blocked: ${blocked.message}`);
  if (cancelRequested !== null && status !== "cancelled") return "to be cancelled";
  if (status === "waiting") {
    const [first, ...others] = await storage.listWaits(id);
    if (first !== undefined) return waitText(first) + (others.length > 0 ? `, and ${others.length} more` : "");
  }
  return status === "running" && owner === null && !isParked ? "no process has it" : "";
}
