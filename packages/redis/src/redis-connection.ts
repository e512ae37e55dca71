import { ConfigurationError } from "@automatrix/core";
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
/** For the other side to end a connection too; after that it is taken for gone. */
const DISCONNECT_TIMEOUT_MS = 500;
/** Without a byte of an answer for so long, a connection for impatient commands is opened anew. */
const IMPATIENT_SILENCE_MS = 3_000;
/** The same where commands may block: BullMQ waits up to ten seconds for a job, and a second for the answer. */
const PATIENT_SILENCE_MS = 15_000;
const PING_INTERVAL_MS = 3_000;
const PING_TIMEOUT_MS = 1_000;
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
      socketTimeout: IMPATIENT_SILENCE_MS,
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

/**
 * A client for what goes on in the background: its commands wait until there is a connection. Pings it, since one that
 * fell silent looks sound, and opens another when there is no answer.
 */
export class PatientClient {
  readonly redis: Redis;
  readonly #pings: ReturnType<typeof setInterval>;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isLost = false;

  constructor(connection: RedisConnection) {
    this.redis = openClient(connection, { maxRetriesPerRequest: null, socketTimeout: PATIENT_SILENCE_MS });
    this.redis.on("ready", () => {
      this.#isLost = false;
    });
    this.redis.on("close", () => {
      this.#isLost = true;
    });
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  /** True from the end of a connection, or a try that failed, until the next one is ready. */
  get isLost(): boolean {
    return this.#isLost;
  }

  #ping(): void {
    if (this.redis.status !== "ready") return;
    let isAnswered = false;
    const giveUp = () => {
      if (!isAnswered && this.redis.status === "ready") this.redis.disconnect(true);
    };
    // An answer that came while this process was busy is read before the immediate.
    const silence = setTimeout(() => setImmediate(giveUp), PING_TIMEOUT_MS);
    this.#silence = silence;
    const end = () => {
      isAnswered = true;
      clearTimeout(silence);
    };
    this.redis.ping().then(end, end);
  }

  /** Ends the connection for good. Idempotent. */
  close(): void {
    clearInterval(this.#pings);
    clearTimeout(this.#silence);
    this.redis.disconnect();
  }
}

/** Databases of Redis have numbers. */
const URL_PATH = /^(?:\/\d*)?$/;

/** What ioredis would throw at, or take for a server on this machine. No message repeats the URL: it may hold a password. */
function checkConnection(connection: unknown): void {
  if (typeof connection === "string" ? isRedisUrl(connection) : isOptions(connection)) return;
  throw new ConfigurationError(
    "invalid_configuration",
    typeof connection === "string" && connection !== ""
      ? "connection is no URL of Redis; it must be like redis://user:password@host:6379/0 (rediss: for TLS), with signs such as @, #, / and % in the password percent-encoded."
      : "connection is missing; give a URL such as redis://localhost:6379, or options of ioredis.",
  );
}

function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\//.test(text)) return false;
  try {
    const { hostname, pathname, username, password } = new URL(text);
    decodeURIComponent(username + password);
    return hostname !== "" && URL_PATH.test(pathname);
  } catch {
    return false;
  }
}

function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function openClient(connection: RedisConnection, parts: ClientOptions): Redis {
  checkConnection(connection);
  const options: ClientOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    ...(typeof connection === "string" ? {} : connection),
    retryStrategy: (times) => Math.min(FIRST_RECONNECT_DELAY_MS * 2 ** Math.min(times, 10), MAX_RECONNECT_DELAY_MS),
    ...parts,
  };
  const client = typeof connection === "string" ? new Redis(connection, options) : new Redis(options);
  // Each command and `status` tell of trouble; without a listener it would also be printed.
  client.on("error", () => {});
  return client;
}
