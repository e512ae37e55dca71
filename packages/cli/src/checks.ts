import { availableParallelism, freemem } from "node:os";
import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { openStorageUrl } from "./storage-url.js";

/** Says what was found; throws with what to do when it will not do. */
type Check = (options: { readonly storage: string }) => string | Promise<string>;

const OLDEST_NODE = { major: 20, minor: 19 } as const;
const MEBIBYTE = 1024 * 1024;
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
  const storage = openStorageUrl(url);
  try {
    await storage.open();
    await storage.putDefinition(PROBE_HASH, { name: PROBE_HASH, nodes: [] });
    const read = await storage.getDefinition(PROBE_HASH);
    if (read?.name !== PROBE_HASH) throw new Error(`${storage.name}: what was written could not be read back.`);
    const { durable } = storage.capabilities;
    return `${storage.name}: written and read back, ${durable ? "durable" : "not durable (gone when the process ends)"}`;
  } finally {
    await storage.close();
  }
}
