import { Redis, type RedisOptions } from "ioredis";
import { within } from "./within.js";

/** Where Redis is: a URL such as `redis://user:password@host:6379/0` (`rediss:` for TLS), or options of ioredis. */
export type RedisConnection = string | Omit<RedisOptions, "replyMapping">;

/** Replies are read in their plain form. */
type ClientOptions = Exclude<RedisConnection, string>;

/** First part of every key, unless told otherwise. */
export const DEFAULT_PREFIX = "automatrix";

const CONNECT_TIMEOUT_MS = 1_000;
const COMMAND_TIMEOUT_MS = 1_000;
const FIRST_RECONNECT_DELAY_MS = 50;
const MAX_RECONNECT_DELAY_MS = 1_000;

/**
 * A client for commands that somebody waits for: they fail at once while there is no connection, and after a second
 * without an answer. Connects when first asked to, then reconnects by itself.
 */
export class ImpatientClient {
  readonly redis: Redis;
  #firstTry: Promise<void> | undefined;

  constructor(connection: RedisConnection) {
    this.redis = openClient(connection, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
    });
  }

  /** Resolves within about a second, when the first try to connect has ended, well or not. */
  connect(): Promise<void> {
    this.#firstTry ??= within(CONNECT_TIMEOUT_MS, this.redis.connect()).catch(() => {});
    return this.#firstTry;
  }

  /** True while commands get through, as far as is known. */
  get isReady(): boolean {
    return this.redis.status === "ready";
  }

  /** Ends the connection for good. Idempotent. */
  close(): void {
    // A client that was never asked to connect shall not begin now.
    this.#firstTry ??= Promise.resolve();
    this.redis.disconnect();
  }
}

/** A client for what goes on in the background: its commands wait until there is a connection. */
export function openPatientClient(connection: RedisConnection): Redis {
  return openClient(connection, { maxRetriesPerRequest: null });
}

function openClient(connection: RedisConnection, parts: ClientOptions): Redis {
  const options: ClientOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(typeof connection === "string" ? {} : connection),
    retryStrategy: (times) => Math.min(FIRST_RECONNECT_DELAY_MS * 2 ** Math.min(times, 10), MAX_RECONNECT_DELAY_MS),
    ...parts,
  };
  const client = typeof connection === "string" ? new Redis(connection, options) : new Redis(options);
  // Each command and `status` tell of trouble; without a listener it would also be printed.
  client.on("error", () => {});
  return client;
}
