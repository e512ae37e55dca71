import { randomUUID } from "node:crypto";
import { type EventAnnouncement, type EventBus, type EventBusHealth, readAnnouncements } from "@automatrix/core";
import pg from "pg";
import { quoteSchemaName } from "./connection/quote-schema-name.js";
import { Sockets } from "./connection/sockets.js";
import { isConnectionLost, toStorageError } from "./connection/to-storage-error.js";

const DEFAULT_SCHEMA = "automatrix";
/** Postgres takes no message of 8,000 bytes or more; ids that hosts choose may be long. */
const MAX_MESSAGE_BYTES = 7_500;
/** Names of channels have at most 63 bytes. */
const MAX_SCHEMA_PART = 56;
const CONNECT_TIMEOUT_MS = 5_000;
/** How long closing waits for a connection that comes or goes. */
const CLOSE_LIMIT_MS = 1_000;
/** How often the server is asked for a sign of life: a connection that fell silent brings no news, and no end either. */
const PING_INTERVAL_MS = 5_000;
const FIRST_RECONNECT_DELAY_MS = 100;
const MAX_RECONNECT_DELAY_MS = 5_000;

/** Options of {@link postgresEventBus}. */
export interface PostgresEventBusOptions {
  readonly connectionString: string;
  /** Engines on the same schema hear each other. Default `automatrix`. */
  readonly schema?: string;
}

/**
 * Tells other processes through `NOTIFY` that there are events to read: results and signals then reach them at once, without
 * another server. Takes one connection for good, which a pooler between must not share (session mode).
 *
 * ```ts
 * const engine = createEngine({
 *   storage: postgresStorage({ connectionString }),
 *   eventBus: postgresEventBus({ connectionString }),
 *   nodes: standardNodes(),
 * });
 * ```
 *
 * @throws ConfigurationError `invalid_configuration` for a schema name that cannot be one
 */
export function postgresEventBus(options: PostgresEventBusOptions): EventBus {
  return new PostgresEventBus(options);
}

/** A connection that listens. */
interface Line {
  readonly client: pg.Client;
  /** Gives it up and looks for another one. */
  readonly lose: () => void;
}

class PostgresEventBus implements EventBus {
  readonly name = "postgres";
  readonly #connectionString: string;
  readonly #channel: string;
  /** Marks what this process publishes, so that it does not hear itself. */
  readonly #sender = randomUUID();
  readonly #sockets = new Sockets();
  #hear: ((announcements: readonly EventAnnouncement[]) => void) | undefined;
  #connecting: Promise<Line> | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #delayMs = FIRST_RECONNECT_DELAY_MS;
  #isListening = false;
  #isClosed = false;

  constructor({ connectionString, schema = DEFAULT_SCHEMA }: PostgresEventBusOptions) {
    quoteSchemaName(schema);
    this.#connectionString = connectionString;
    this.#channel = `${schema.slice(0, MAX_SCHEMA_PART)}_events`;
  }

  async publish(announcements: readonly EventAnnouncement[]): Promise<void> {
    const messages = toMessages(this.#sender, announcements);
    try {
      const line = await this.#connected();
      await ask(line, {
        text: "SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message",
        values: [this.#channel, messages],
      });
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async subscribe(hear: (announcements: readonly EventAnnouncement[]) => void): Promise<void> {
    this.#hear = hear;
    await this.#connected().catch(() => this.#reconnectLater());
  }

  health(): EventBusHealth {
    if (!this.#isClosed && (this.#hear === undefined || this.#isListening)) return { status: "up" };
    return { status: "degraded", message: this.#isClosed ? "it is closed" : "Postgres cannot be reached" };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#reconnect);
    this.#connecting?.then(({ client }) => client.end()).catch(() => {});
    this.#connecting = undefined;
    await this.#sockets.close(CLOSE_LIMIT_MS);
  }

  #connected(): Promise<Line> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Line> {
    if (this.#isClosed) throw new Error("The event bus is closed.");
    const client = new pg.Client({
      connectionString: this.#connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      fallback_application_name: "automatrix events",
      stream: this.#sockets.create,
    });
    let pings: NodeJS.Timeout | undefined;
    let isLost = false;
    const lose = () => {
      clearInterval(pings);
      if (isLost) return;
      isLost = true;
      client.end().catch(() => {});
      this.#connecting = undefined;
      this.#isListening = false;
      this.#reconnectLater();
    };
    const line: Line = { client, lose };
    client.on("error", lose);
    client.on("end", lose);
    client.on("notification", ({ payload = "" }) => {
      const announcements = readAnnouncements(payload, this.#sender);
      if (announcements.length > 0) this.#hear?.(announcements);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(this.#channel)}`);
    } catch (error) {
      lose();
      throw error;
    }
    this.#delayMs = FIRST_RECONNECT_DELAY_MS;
    this.#isListening = true;
    pings = setInterval(() => void ask(line, { text: "SELECT 1" }).catch(() => {}), PING_INTERVAL_MS).unref();
    return line;
  }

  /** Only who listens needs a connection before there is something to publish. */
  #reconnectLater(): void {
    if (this.#isClosed || this.#hear === undefined) return;
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => {
      this.#connected().catch(() => this.#reconnectLater());
    }, this.#delayMs);
    this.#reconnect.unref();
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_RECONNECT_DELAY_MS);
  }
}

/** A line that does not answer is given up. */
async function ask({ client, lose }: Line, query: pg.QueryConfig): Promise<void> {
  try {
    await client.query(query);
  } catch (error) {
    if (isConnectionLost(error)) lose();
    throw error;
  }
}

/** As few messages as fit. */
function toMessages(from: string, announcements: readonly EventAnnouncement[]): readonly string[] {
  const messages: string[] = [];
  let items: string[] = [];
  let bytes = 0;
  const flush = () => {
    if (items.length > 0) messages.push(`{"from":${JSON.stringify(from)},"items":[${items.join(",")}]}`);
    items = [];
    bytes = 0;
  };
  for (const { executionId, lastSeq, hasEnded } of announcements) {
    const item = JSON.stringify([executionId, lastSeq, hasEnded ? 1 : 0]);
    const size = Buffer.byteLength(item) + 1;
    // Postgres has no NUL in texts; whoever waits for such an id, or one that fits into no message, finds it by looking.
    if (size > MAX_MESSAGE_BYTES || item.includes("\\u0000")) continue;
    if (bytes + size > MAX_MESSAGE_BYTES) flush();
    items.push(item);
    bytes += size;
  }
  flush();
  return messages;
}
