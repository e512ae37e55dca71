/**
 * A lock among processes: a file that only one can create.
 *
 * Free → held, by whoever created it → free, when its holder removes it; or stale, when its holder is dead or has held
 * it for longer than any write takes: then the next one takes it away. A holder that was taken for dead finds out
 * before it writes ({@link HeldLock.requireHeld}).
 */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { AutomatrixError } from "../../errors/errors.js";

/** Longer than any write takes, and shorter than anybody waits. */
const STALE_AFTER_MS = 10_000;
const WAIT_LIMIT_MS = 20_000;
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 25;

export interface HeldLock {
  /** @throws AutomatrixError `credentials_file_busy` when another process has taken the lock away */
  requireHeld(): Promise<void>;
}

/** Runs `run` while nobody else holds the lock. @throws AutomatrixError `credentials_file_busy` */
export async function withFileLock<Value>(path: string, run: (lock: HeldLock) => Promise<Value>): Promise<Value> {
  const content = JSON.stringify({ host: hostname(), pid: process.pid, token: randomUUID() });
  await acquire(path, content);
  try {
    return await run({
      requireHeld: async () => {
        if ((await contentOf(path)) !== content) throw busy(path, "another process took it over");
      },
    });
  } finally {
    await release(path, content);
  }
}

async function acquire(path: string, content: string): Promise<void> {
  const until = Date.now() + WAIT_LIMIT_MS;
  while (!(await create(path, content))) {
    if (await removeIfStale(path)) continue;
    if (Date.now() >= until) throw busy(path, `it was held for more than ${WAIT_LIMIT_MS} ms`);
    await pause(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
  }
}

/** False when there is one already. */
async function create(path: string, content: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx", 0o600);
    await handle.writeFile(content).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** What cannot be removed becomes stale by itself. */
async function release(path: string, content: string): Promise<void> {
  try {
    if ((await contentOf(path)) === content) await rm(path, { force: true });
  } catch {
    // The write itself has succeeded or failed by now, and says so.
  }
}

/** Takes a stale lock away; true when it is worth trying again at once. */
async function removeIfStale(path: string): Promise<boolean> {
  const content = await contentOf(path);
  if (content === undefined) return true;
  if (!(await isStale(path, content))) return false;
  const removed = `${path}.${randomUUID()}`;
  try {
    await rename(path, removed);
  } catch {
    return true;
  }
  // Another process was faster, and what was taken away is its new lock.
  if ((await contentOf(removed)) !== content) await link(removed, path).catch(() => {});
  await rm(removed, { force: true });
  return true;
}

async function isStale(path: string, content: string): Promise<boolean> {
  const holder = parseHolder(content);
  if (holder?.host === hostname() && !isAlive(holder.pid)) return true;
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_AFTER_MS;
  } catch {
    return false;
  }
}

/** Nothing while the holder has not written who it is. */
function parseHolder(content: string): { readonly host: string; readonly pid: number } | undefined {
  try {
    const { host, pid } = JSON.parse(content) as { host?: unknown; pid?: unknown };
    return typeof host === "string" && Number.isSafeInteger(pid) && (pid as number) > 0
      ? { host, pid: pid as number }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function busy(path: string, why: string): AutomatrixError {
  return new AutomatrixError(
    "credentials_file_busy",
    `The lock ${path} could not be had: ${why}. Nothing was changed; try again.`,
  );
}
