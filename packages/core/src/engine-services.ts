import type { EngineOptions, EngineSettings } from "./coordination/engine-options.js";
import type { ExecutionLauncher } from "./coordination/starting/execution-launcher.js";
import type { WorkflowCompiler } from "./coordination/starting/workflow-compiler.js";
import { EventHub } from "./events/event-hub.js";
import { memoryCache } from "./memory/memory-cache.js";
import type { GuardedHttp } from "./network/guarded-http.js";
import { KeptMasks } from "./running/attempt/masking/kept-masks.js";
import { CommitQueue } from "./running/commit/commit-queue.js";
import type { EngineServices } from "./running/services.js";
import { Slots } from "./running/slots.js";
import { Timers } from "./running/timers.js";
import { consoleLogger } from "./system/console-logger.js";
import { environmentSecrets } from "./system/environment-secrets.js";
import { defer } from "./system/event-loop.js";
import { systemClock } from "./system/system-clock.js";
import { systemIds } from "./system/system-ids.js";
import { systemRandom } from "./system/system-random.js";

export interface EngineServicesParams {
  readonly settings: EngineSettings;
  readonly compiler: WorkflowCompiler;
  readonly http: GuardedHttp;
  /** Asked once something runs: it needs the services itself. */
  readonly launcher: () => ExecutionLauncher;
}

/** What everything that runs here shares: what the host gave, and our own of what it did not give. */
export function createEngineServices(
  options: EngineOptions,
  { settings, compiler, http, launcher }: EngineServicesParams,
): EngineServices {
  const { storage } = options;
  const clock = options.clock ?? systemClock;
  const timers = new Timers(clock);
  const logger = options.logger ?? consoleLogger;
  return {
    clock,
    logger,
    limits: settings.limits,
    ids: options.ids ?? systemIds,
    random: options.random ?? systemRandom,
    secrets: options.secrets ?? environmentSecrets(),
    keptMasks: new KeptMasks(),
    blobs: options.blobs ?? storage.blobs,
    cache: options.cache ?? memoryCache(clock),
    http: options.http ?? http.fetch,
    durability: settings.durability,
    flushIntervalMs: settings.flushIntervalMs,
    commits: new CommitQueue({
      storage,
      timers,
      now: () => clock.now(),
      defer,
      retryForMs: settings.lease.durationMs,
    }),
    hub: new EventHub((error, event) =>
      logger.error(`A listener of ${event.type} threw.`, { error: String(error), executionId: event.executionId }),
    ),
    timers,
    offers: settings.offers,
    nodeSlots: new Slots(settings.maxNodes),
    defer,
    planBody: (definition) => compiler.planBody(definition),
    childOf: (id) => launcher().childOf(id),
    outputOf: async (id) => (await storage.getExecution(id))?.output ?? null,
    readNews: async (id) => {
      const [record, inbox] = await Promise.all([storage.getExecution(id), storage.listInbox(id)]);
      return { inbox, cancelRequested: record?.cancelRequested ?? null };
    },
    startChild: (params) => launcher().startChild(params),
  };
}
