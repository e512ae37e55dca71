import { createEngine, type Engine, type EngineOptions } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { durationText } from "../duration-text.js";
import { EXIT_OK } from "../exit-code.js";
import { onInterrupt } from "../interrupts.js";
import { availableNodes } from "../open-engine.js";
import { createEventBus, createStorage, parseStorageUrl, shownStorageUrl } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";
import { logExecutions } from "../worker/execution-lines.js";
import { logHealth } from "../worker/health-lines.js";
import { openRedis, shownRedisUrl } from "../worker/redis.js";
import { createWorkerLog, type WorkerLog } from "../worker/worker-log.js";
import { credentialsOption } from "./credentials-file.js";

/** A node that was aborted and does not end must not keep the process: what it held is handed back by then. */
const EXIT_GRACE_MS = 500;

export interface WorkerOptions {
  readonly storage: string;
  readonly redis?: string;
  /** Executions at once. */
  readonly concurrency?: number;
  /** Tags of nodes; without them every tag. */
  readonly offers?: readonly string[];
  readonly nodes: readonly string[];
  readonly drainMs: number;
  readonly quiet?: boolean;
}

/** `automatrix worker`: claims executions and runs them until it is told to stop; then drains. */
export async function workerCommand(options: WorkerOptions, streams: Streams): Promise<number> {
  if (parseStorageUrl(options.storage).kind === "memory")
    throw usageError(
      "Storage memory: is of one process only, so that a worker finds nothing there; use sqlite: or postgres:.",
    );
  const nodes = await availableNodes(options.nodes);
  const credentials = credentialsOption();
  const storage = await createStorage(options.storage);
  const log = createWorkerLog(streams.errors);
  const stop = stopSignal();
  try {
    const links = await openLinks(options);
    const engine = createEngine({
      storage,
      nodes,
      logger: log.logger,
      ...engineOptions(options),
      ...credentials,
      ...links,
    });
    if (options.quiet !== true) logExecutions(engine, log);
    try {
      await engine.start();
      log.line(startText(options, nodes.length));
      const stopLooking = logHealth(engine, log);
      const signal = await stop.requested;
      stopLooking();
      await drain(engine, { signal, drainMs: options.drainMs, log });
    } finally {
      await engine.close({ deadlineMs: 0 });
    }
  } finally {
    stop.dispose();
  }
  setTimeout(() => process.exit(EXIT_OK), EXIT_GRACE_MS).unref();
  return EXIT_OK;
}

/** What tells it of work: Redis where it is named, otherwise whatever the storage has. */
async function openLinks({ storage, redis }: WorkerOptions): Promise<Pick<EngineOptions, "dispatcher" | "eventBus">> {
  if (redis !== undefined) return openRedis(redis);
  const eventBus = await createEventBus(storage);
  return eventBus === undefined ? {} : { eventBus };
}

function engineOptions({ concurrency, offers }: WorkerOptions): Partial<EngineOptions> {
  return {
    ...(concurrency === undefined ? {} : { concurrency: { executions: concurrency } }),
    ...(offers === undefined ? {} : { offers }),
  };
}

function startText({ storage, redis, concurrency, offers }: WorkerOptions, nodeTypes: number): string {
  const places = concurrency === undefined ? "" : `, ${concurrency} executions at once`;
  const tags = offers === undefined ? "" : `, offers ${offers.join(", ") || "nodes without tags only"}`;
  const through = redis === undefined ? "" : ` through ${shownRedisUrl(redis)}`;
  return `worker ${process.pid} claims from ${shownStorageUrl(storage)}${through}: ${nodeTypes} node types${places}${tags}`;
}

/** The first Ctrl-C or SIGTERM; a second one ends the process. */
function stopSignal(): { readonly requested: Promise<string>; readonly dispose: () => void } {
  let dispose: () => void = () => {};
  const requested = new Promise<string>((resolve) => {
    dispose = onInterrupt(resolve);
  });
  return { requested, dispose: () => dispose() };
}

async function drain(
  engine: Engine,
  { signal, drainMs, log }: { readonly signal: string; readonly drainMs: number; readonly log: WorkerLog },
): Promise<void> {
  const { running } = engine.health();
  log.line(
    `${signal}: claims nothing new; ${running} executions run, their nodes have ${durationText(drainMs)} to end (again to quit at once)`,
  );
  await engine.close({ deadlineMs: drainMs });
  log.line("worker stopped; what had not ended was handed back");
}
