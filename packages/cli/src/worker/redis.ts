import type { Dispatcher, EngineOptions, EventBus } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { printable } from "../printable.js";

const REDIS_SCHEME = /^rediss?:\/\//;
const REDIS_PACKAGE = "@automatrix/redis";

/** What the optional package offers, as far as it is used here. */
interface RedisPackage {
  readonly bullmqDispatcher: (options: { readonly connection: string }) => Dispatcher;
  readonly redisEventBus: (options: { readonly connection: string }) => EventBus;
}

/**
 * Dispatcher and event bus of a worker; the engine closes both. The package is loaded here, since most need none.
 * @throws ConfigurationError `invalid_configuration` when it is no Redis URL or the package is missing
 */
export async function openRedis(url: string): Promise<Pick<EngineOptions, "dispatcher" | "eventBus">> {
  if (!REDIS_SCHEME.test(url) || !URL.canParse(url))
    throw usageError("--redis takes a URL such as redis://localhost:6379.");
  const { bullmqDispatcher, redisEventBus } = await loadRedisPackage();
  return { dispatcher: bullmqDispatcher({ connection: url }), eventBus: redisEventBus({ connection: url }) };
}

/** The URL without what must not be shown: only host and database. */
export function shownRedisUrl(url: string): string {
  const [, place = ""] = /^[^?#]*?:\/\/(?:.*@)?([^?#]*)/s.exec(url) ?? [];
  return `redis://${printable(place)}`;
}

async function loadRedisPackage(): Promise<RedisPackage> {
  try {
    return (await import(REDIS_PACKAGE)) as RedisPackage;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usageError(
      `--redis needs the package ${REDIS_PACKAGE}, which could not be loaded; install it beside @automatrix/cli, or leave --redis out: workers find executions in the storage alone. (${printable(reason)})`,
    );
  }
}
