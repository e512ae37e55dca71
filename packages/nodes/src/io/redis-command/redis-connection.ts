import { type AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";
import type { Redis as Client, RedisOptions } from "ioredis";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { PooledConnection } from "../databases/connection-pool.js";
import { connectionFailed, connectionLost, loginRefused, resultTooLarge } from "../databases/database-errors.js";
import { Deadline } from "../databases/deadline.js";
import { createDeferred } from "../databases/deferred.js";
import type { ServerSettings } from "../databases/server-settings.js";

/** What is the same for all connections of a pool. */
export interface RedisConnectionSettings {
  /** For messages. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly maxReplyBytes: number;
}

export interface RedisCommand {
  readonly name: string;
  readonly parameters: readonly string[];
}

/** The part of the client that it does not declare. */
interface ClientStream {
  readonly stream: NodeJS.EventEmitter & { ref(): void; unref(): void };
}

/** Nothing was done: the server starts, is full, or another one has taken over. */
const TRANSIENT_REPLIES = /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|OOM|READONLY|NOREPLICAS)\b/;
const LOGIN_REPLIES = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH|Client sent AUTH|DB index))/;

/** @throws RetryableNodeError `service_unavailable`, FatalNodeError `credential_unusable`, `not_configured` */
export async function openRedis(
  server: ServerSettings,
  settings: RedisConnectionSettings,
  signal: AbortSignal,
): Promise<RedisConnection> {
  const { Redis } = loadOptionalModule<{ readonly Redis: new (options: RedisOptions) => Client }>(
    "ioredis",
    "A Redis connection",
  );
  const client = new Redis({
    host: server.host,
    port: server.port,
    ...(server.user === "" ? {} : { username: server.user }),
    ...(server.password === "" ? {} : { password: server.password }),
    db: Number(server.database) || 0,
    ...(server.tls === undefined ? {} : { tls: { ...server.tls } }),
    protocol: 2,
    lazyConnect: true,
    connectTimeout: settings.connectTimeoutMs,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A connection that ended is not used again: the pool opens another one.
    retryStrategy: () => null,
  });
  const refusals: string[] = [];
  client.on("error", (error: Error) => refusals.push(error.message));
  using deadline = new Deadline(signal, settings.connectTimeoutMs);
  const stop = () => client.disconnect();
  deadline.signal.addEventListener("abort", stop);
  try {
    await client.connect();
    // A login or a database that is refused shows here at the latest.
    await client.ping();
  } catch (error) {
    client.disconnect();
    signal.throwIfAborted();
    const reply = [(error as Error).message, ...refusals].find((message) => LOGIN_REPLIES.test(message));
    if (reply !== undefined) throw loginRefused(settings.name, reply.split(" ", 1)[0] as string);
    throw connectionFailed(settings.name, "the server did not answer in time, or not as it should");
  } finally {
    deadline.signal.removeEventListener("abort", stop);
  }
  return new RedisConnection(client, settings);
}

/** A connection that runs one command at a time, so that a reply's size and an abort are that command's alone. */
export class RedisConnection implements PooledConnection {
  readonly #client: Client & ClientStream;
  readonly #settings: RedisConnectionSettings;
  #isClosed = false;

  constructor(client: Client, settings: RedisConnectionSettings) {
    this.#client = client as Client & ClientStream;
    this.#settings = settings;
  }

  get isUsable(): boolean {
    // The client still calls itself ready until its socket has ended.
    return !this.#isClosed && this.#client.status === "ready";
  }

  setReferenced(isReferenced: boolean): void {
    if (isReferenced) this.#client.stream?.ref();
    else this.#client.stream?.unref();
  }

  /** No command that runs here changes the connection. */
  async recycle(): Promise<void> {}

  close(): void {
    this.#isClosed = true;
    this.#client.disconnect();
  }

  /** The reply, as JSON. An abort closes the connection and rejects with the signal's reason. */
  async run({ name, parameters }: RedisCommand, signal: AbortSignal): Promise<unknown> {
    const { commandTimeoutMs } = this.#settings;
    using deadline = new Deadline(signal, commandTimeoutMs);
    const stopped = createDeferred<never>();
    const stop = () => {
      this.close();
      stopped.reject(new Error("stopped"));
    };
    deadline.signal.addEventListener("abort", stop);
    const bytes = this.#countBytes(stop);
    try {
      const reply = this.#client.call(name, ...parameters);
      reply.catch(() => {});
      return await Promise.race([reply, stopped.promise]);
    } catch (error) {
      signal.throwIfAborted();
      if (bytes.isTooMany()) throw resultTooLarge(this.#settings.name, this.#settings.maxReplyBytes);
      throw this.#toNodeError(name, error, deadline.isExpired);
    } finally {
      bytes.stop();
      deadline.signal.removeEventListener("abort", stop);
    }
  }

  #countBytes(stop: () => void): { isTooMany(): boolean; stop(): void } {
    const { stream } = this.#client;
    const { maxReplyBytes } = this.#settings;
    let bytes = 0;
    const count = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (bytes > maxReplyBytes) stop();
    };
    stream.on("data", count);
    return { isTooMany: () => bytes > maxReplyBytes, stop: () => void stream.off("data", count) };
  }

  /** What the server said is known not to have been done; anything else may have been. */
  #toNodeError(command: string, error: unknown, isExpired: boolean): Error {
    const { name, commandTimeoutMs } = this.#settings;
    const { name: kind, message } = error as Error;
    if (kind === "ReplyError") return toReplyError(name, command, message);
    this.close();
    if (!isExpired) return connectionLost(name);
    return Object.assign(
      new Error(`Connection "${name}": ${command.toUpperCase()} took longer than ${commandTimeoutMs} ms.`),
      {
        code: "ETIMEDOUT",
      },
    );
  }
}

/** Replies may quote arguments: only their first word is told. */
function toReplyError(connection: string, command: string, reply: string): AutomatrixError {
  const word = /^[A-Z]{2,20}\b/.exec(reply)?.[0] ?? "ERR";
  const message = `Connection "${connection}": Redis refused ${command.toUpperCase()} (${word})${EXPLANATIONS[word] ?? ""}.`;
  const details = { reply: word };
  return TRANSIENT_REPLIES.test(reply)
    ? new RetryableNodeError(message, { code: "service_unavailable", details })
    : new FatalNodeError(message, { code: "command_refused", details });
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ERR: ": look at the number, order and kind of its arguments",
  WRONGTYPE: ": the key holds another kind of value",
  NOPERM: ": the user may not run it, or not on this key",
  MOVED: ": a cluster is not supported; connect to a single server or its proxy",
};
