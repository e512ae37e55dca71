import { randomUUID } from "node:crypto";
import { type EventAnnouncement, type EventBus, type EventBusHealth, readAnnouncements } from "@automatrix/core";
import { DEFAULT_PREFIX, ImpatientClient, PatientClient, type RedisConnection } from "./redis-connection.js";
import { within } from "./within.js";

/** Announcements in one message. */
const MAX_ANNOUNCEMENTS = 500;
const SUBSCRIBE_TIMEOUT_MS = 1_000;

/** Options of {@link redisEventBus}. */
export interface RedisEventBusOptions {
  readonly connection: RedisConnection;
  /** First part of the channel's name; engines with the same one hear each other. Default `automatrix`. */
  readonly prefix?: string;
}

/**
 * Tells other processes through Redis that there are events to read. The messages hold ids and numbers alone.
 *
 * ```ts
 * const engine = createEngine({ storage, nodes, eventBus: redisEventBus({ connection: "redis://localhost" }) });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function redisEventBus(options: RedisEventBusOptions): EventBus {
  return new RedisEventBus(options);
}

class RedisEventBus implements EventBus {
  readonly name = "redis";
  readonly #connection: RedisConnection;
  readonly #channel: string;
  readonly #publisher: ImpatientClient;
  #subscriber: PatientClient | undefined;
  /** Marks what this process publishes, so that it does not hear itself. */
  readonly #sender = randomUUID();
  #isClosed = false;

  constructor({ connection, prefix = DEFAULT_PREFIX }: RedisEventBusOptions) {
    this.#connection = connection;
    this.#channel = `${prefix}:events`;
    this.#publisher = new ImpatientClient(connection);
  }

  async publish(announcements: readonly EventAnnouncement[]): Promise<void> {
    await this.#publisher.connect();
    for (let first = 0; first < announcements.length; first += MAX_ANNOUNCEMENTS) {
      const part = announcements.slice(first, first + MAX_ANNOUNCEMENTS);
      const items = part.map(({ executionId, lastSeq, hasEnded }) => [executionId, lastSeq, hasEnded ? 1 : 0]);
      await this.#publisher.redis.publish(this.#channel, JSON.stringify({ from: this.#sender, items }));
    }
  }

  async subscribe(hear: (announcements: readonly EventAnnouncement[]) => void): Promise<void> {
    if (this.#isClosed) return;
    // Subscribes again by itself whenever it reconnects.
    const subscriber = new PatientClient(this.#connection);
    this.#subscriber = subscriber;
    subscriber.redis.on("message", (_channel, text) => {
      const announcements = readAnnouncements(text, this.#sender);
      if (announcements.length > 0) hear(announcements);
    });
    const subscribed = subscriber.redis.subscribe(this.#channel);
    subscribed.catch(() => {});
    await within(SUBSCRIBE_TIMEOUT_MS, subscribed).catch(() => {});
  }

  health(): EventBusHealth {
    if (!this.#isClosed && this.#subscriber?.isLost !== true) return { status: "up" };
    return { status: "degraded", message: this.#isClosed ? "it is closed" : "Redis cannot be reached" };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#subscriber?.close();
    this.#publisher.close();
  }
}
