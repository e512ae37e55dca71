import type { ExecutionSummary, Storage } from "@automatrix/core";

const PAGE_SIZE = 1_000;

/** Every execution of the storage. */
export async function listExecutions(storage: Storage): Promise<readonly ExecutionSummary[]> {
  const all: ExecutionSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.listExecutions({ limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}
