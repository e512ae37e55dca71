import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Storage } from "@automatrix/core";
import { createStorage, parseStorageUrl } from "./storage/storage-url.js";

/** Says what was found; throws with what to do when it will not do. */
type Check = (options: { readonly storage: string }) => string | Promise<string>;

const OLDEST_NODE = { major: 20, minor: 19 } as const;
const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const LEAST_FREE_MEMORY_MIB = 128;
const LEAST_HEAP_MIB = 192;
const EARLIEST_PLAUSIBLE = Date.UTC(2025, 0, 1);
const LATEST_PLAUSIBLE = Date.UTC(2100, 0, 1);
const MAX_CLOCK_STEP_MS = 1_000;
/** A zone with daylight saving: schedules need the full zone data. */
const ZONE_PROBE = "America/New_York";
const ZONE_PROBE_SUMMER = Date.UTC(2025, 6, 1, 12);
const PROBE_HASH = "automatrix-doctor";

export const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  memory: checkMemory,
  clock: checkClock,
  zones: checkZones,
  storage: checkStorage,
};

function checkNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNewEnough = major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor);
  const found = `Node.js ${process.versions.node}, ${availableParallelism()} CPUs`;
  if (!isNewEnough) throw new Error(`${found}; ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or newer is needed.`);
  return found;
}

function checkMemory(): string {
  const freeMib = Math.floor((process.availableMemory?.() ?? freemem()) / MEBIBYTE);
  const heapMib = Math.floor(getHeapStatistics().heap_size_limit / MEBIBYTE);
  const found = `${freeMib} MiB free, heap limit ${heapMib} MiB`;
  if (freeMib < LEAST_FREE_MEMORY_MIB)
    throw new Error(`${found}; at least ${LEAST_FREE_MEMORY_MIB} MiB should be free.`);
  if (heapMib < LEAST_HEAP_MIB) throw new Error(`${found}; raise it with --max-old-space-size=${LEAST_HEAP_MIB}.`);
  return found;
}

function checkClock(): string {
  const now = Date.now();
  const found = new Date(now).toISOString();
  if (now < EARLIEST_PLAUSIBLE || now > LATEST_PLAUSIBLE)
    throw new Error(`${found} cannot be right; set the system clock.`);
  // The clock was set since this process started when it disagrees with the monotonic one.
  const stepMs = Math.round(now - (performance.timeOrigin + performance.now()));
  if (Math.abs(stepMs) > MAX_CLOCK_STEP_MS) throw new Error(`${found}; the clock jumped by ${stepMs} ms just now.`);
  return `${found}, steady`;
}

function checkZones(): string {
  const hour = new Intl.DateTimeFormat("en-US", { timeZone: ZONE_PROBE, hour: "numeric", hourCycle: "h23" }).format(
    ZONE_PROBE_SUMMER,
  );
  if (Number(hour) !== 8)
    throw new Error(`The time zone data is wrong: noon UTC in July is ${hour} h in ${ZONE_PROBE}.`);
  return `zone data present, local zone ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
}

async function checkStorage({ storage: url }: { readonly storage: string }): Promise<string> {
  const address = parseStorageUrl(url);
  return address.kind === "sqlite" ? checkSqlite(address.file) : probe(await createStorage(url));
}

/** Opens, writes and reads back. */
async function probe(storage: Storage, whileOpen: () => string = () => ""): Promise<string> {
  try {
    await storage.open();
    await storage.putDefinition(PROBE_HASH, { name: PROBE_HASH, nodes: [] });
    const read = await storage.getDefinition(PROBE_HASH);
    if (read?.name !== PROBE_HASH) throw new Error(`${storage.name}: what was written could not be read back.`);
    const { durable } = storage.capabilities;
    const life = durable ? "durable" : "not durable (gone when the process ends)";
    return `${storage.name}: written and read back, ${life}${whileOpen()}`;
  } finally {
    await storage.close();
  }
}

async function checkSqlite(file: string): Promise<string> {
  if (!existsSync(file)) return checkNewSqlite(file);
  requireWritable(file);
  const found = await probe(await createStorage(`sqlite:${file}`), () => walText(file));
  return `${found}, ${sizeText(file)} in ${file}`;
}

/** A file that is not there is not created: another one is, beside it, and removed again. */
async function checkNewSqlite(file: string): Promise<string> {
  const folder = dirname(file);
  requireWritable(folder);
  const probeFolder = mkdtempSync(join(folder, ".automatrix-doctor-"));
  try {
    const probeFile = join(probeFolder, "probe.db");
    const found = await probe(await createStorage(`sqlite:${probeFile}`), () => walText(probeFile));
    return `${found}; ${file} is not there yet and can be created`;
  } finally {
    rmSync(probeFolder, { recursive: true, force: true });
  }
}

function requireWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(
      `${path} cannot be ${code === "ENOENT" ? "found; create the folder" : "read and written; give this user the right"}.`,
      { cause },
    );
  }
}

/** Without a write-ahead log readers would block the writer, as on most network drives. */
function walText(file: string): string {
  if (existsSync(`${file}-wal`)) return ", write-ahead log on";
  throw new Error(`${file}: SQLite keeps no write-ahead log there; use a local drive.`);
}

function sizeText(file: string): string {
  const bytes = statSync(file).size;
  return bytes < MEBIBYTE ? `${Math.ceil(bytes / KIBIBYTE)} KiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
