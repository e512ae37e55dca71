import type { Storage } from "@automatrix/core";
import { hasNews } from "./has-news.js";

/** A wait that ends by itself within this time is worth staying for, in milliseconds. */
export const PATIENCE_MS = 5 * 60_000;

/**
 * Whether an execution has come to a stand: everything in it waits for somebody, or for an instant that is more than
 * {@link PATIENCE_MS} away, and nothing that has come already moves it on.
 */
export async function isStuck(storage: Storage, executionId: string, now: number): Promise<boolean> {
  const record = await storage.getExecution(executionId);
  if (record?.status !== "waiting") return false;
  if (record.blocked !== null) return true;
  if (!record.isParked || (record.wakeAt !== null && record.wakeAt - now <= PATIENCE_MS)) return false;
  if (await hasNews(storage, record)) return false;
  for (const { childId } of await storage.listWaits(executionId))
    if (childId !== null && !(await isStuck(storage, childId, now))) return false;
  return true;
}
