import { ConfigurationError, type Storage } from "@automatrix/core";
import { CLOSE_LIMIT_MS, PostgresConnection } from "./connection/connection.js";
import { endsWithin } from "./connection/ends-within.js";
import { quoteSchemaName } from "./connection/quote-schema-name.js";
import { migrate } from "./migrations/migrate.js";
import { PostgresBlobStore } from "./postgres-blob-store.js";
import { addToInbox } from "./sql/add-to-inbox.js";
import { claim } from "./sql/claim.js";
import { commit } from "./sql/commit.js";
import { getDefinition, putDefinition } from "./sql/definitions.js";
import { deleteEnded } from "./sql/delete-ended.js";
import { listFires, takeFires, updateFire } from "./sql/fires.js";
import { findByIdempotencyKey, getExecution } from "./sql/get-execution.js";
import { heartbeat } from "./sql/heartbeat.js";
import { listEvents } from "./sql/list-events.js";
import { listExecutions } from "./sql/list-executions.js";
import { listInboxes } from "./sql/list-inboxes.js";
import { listNodes } from "./sql/list-nodes.js";
import { listOwned } from "./sql/list-owned.js";
import { listSteps } from "./sql/list-steps.js";
import { listWaits } from "./sql/list-waits.js";
import { nextWakeAt } from "./sql/next-wake-at.js";
import { now } from "./sql/now.js";
import { release } from "./sql/release.js";
import { repin } from "./sql/repin.js";
import { requestCancel } from "./sql/request-cancel.js";
import {
  deleteSchedule,
  getSchedule,
  listDueSchedules,
  listSchedules,
  nextScheduleDueAt,
  putSchedule,
} from "./sql/schedules.js";
import { takeNews } from "./sql/take-news.js";
import { unblock } from "./sql/unblock.js";
import { deleteWorkflow, getWorkflow, listWorkflows, saveWorkflow } from "./sql/workflows.js";

const DEFAULT_SCHEMA = "automatrix";
const DEFAULT_MAX_CONNECTIONS = 10;
/** The transaction of a node holds one while the blobs of its result are written on another. */
const MIN_CONNECTIONS = 2;
/** Transactions of nodes among them: connections must stay free for reads, claims and signals. */
const MAX_COMMITS_AT_ONCE = 6;
const DEFAULT_IDLE_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;

export interface PostgresStorageOptions {
  /** `postgres://user:password@host:5432/database`, with `?sslmode=verify-full` and the like where needed. */
  readonly connectionString: string;
  /** Holds the tables; made by `open` where it is not there. Letters, digits, underscores. Default `automatrix`. */
  readonly schema?: string;
  readonly pool?: {
    /** Connections of this process at most, from 2: blobs are written beside the transaction of a node. Default 10. */
    readonly max?: number;
    /** After how long an unused connection is closed; 0 never. Default 30,000. */
    readonly idleTimeoutMs?: number;
  };
  /** How long to wait for a connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** After how long the server gives a statement up; it counts as `storage_unavailable`. Default 30,000. */
  readonly statementTimeoutMs?: number;
}

/**
 * Storage in PostgreSQL (15 or later) that any number of processes share. Leases end by the database's clock.
 *
 * ```ts
 * const engine = createEngine({
 *   storage: postgresStorage({ connectionString: "postgres://user:password@localhost:5432/app" }),
 *   nodes: standardNodes(),
 * });
 * ```
 *
 * @throws ConfigurationError `invalid_configuration` for an option that cannot work
 */
export function postgresStorage(options: PostgresStorageOptions): Storage {
  return new PostgresStorage(options);
}

class PostgresStorage implements Storage {
  readonly name = "postgres";
  readonly capabilities = Object.freeze({ durable: true, transactional: true, shared: true });
  readonly commitsAtOnce: number;
  readonly blobs: PostgresBlobStore;
  readonly #connection: PostgresConnection;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresStorageOptions) {
    const maxConnections = atLeast(MIN_CONNECTIONS, {
      name: "pool.max",
      value: options.pool?.max ?? DEFAULT_MAX_CONNECTIONS,
      reason: ": the transaction of a node holds one connection while the blobs of its result are written on another",
    });
    this.commitsAtOnce = Math.min(maxConnections - 1, MAX_COMMITS_AT_ONCE);
    this.#connection = new PostgresConnection({
      connectionString: options.connectionString,
      schema: quoteSchemaName(options.schema ?? DEFAULT_SCHEMA),
      maxConnections,
      idleTimeoutMs: atLeast(0, {
        name: "pool.idleTimeoutMs",
        value: options.pool?.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
      }),
      connectTimeoutMs: atLeast(1, {
        name: "connectTimeoutMs",
        value: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      }),
      statementTimeoutMs: atLeast(1, {
        name: "statementTimeoutMs",
        value: options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
      }),
    });
    this.blobs = new PostgresBlobStore(this.#connection);
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<void> {
    await this.#closing;
    this.#connection.open();
    try {
      await migrate(this.#connection);
    } catch (error) {
      this.#opening = undefined;
      await this.#connection.close();
      throw error;
    }
  }

  close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#closing = this.#close(opening);
    return this.#closing;
  }

  async #close(opening: Promise<void> | undefined): Promise<void> {
    const isSettled = opening === undefined || (await endsWithin(opening, CLOSE_LIMIT_MS));
    // Opening may wait for the migration of another process: that is cut off at once.
    await this.#connection.close(isSettled ? CLOSE_LIMIT_MS : 0);
  }

  now: Storage["now"] = () => now(this.#connection);

  // ── writing ────────────────────────────────────────────────────────────────

  commit: Storage["commit"] = (batch) => commit(this.#connection, batch);
  requestCancel: Storage["requestCancel"] = (executionId, reason, at) =>
    requestCancel(this.#connection, { executionId, reason, at });
  addToInbox: Storage["addToInbox"] = (executionId, item, maxUnread) =>
    addToInbox(this.#connection, { executionId, item, maxUnread });
  takeNews: Storage["takeNews"] = (params) => takeNews(this.#connection, params);
  deleteEnded: Storage["deleteEnded"] = (params) => deleteEnded(this.#connection, params);

  // ── ownership ──────────────────────────────────────────────────────────────

  claim: Storage["claim"] = (params) => claim(this.#connection, params);
  heartbeat: Storage["heartbeat"] = (params) => heartbeat(this.#connection, params);
  release: Storage["release"] = (params) => release(this.#connection, params);
  listOwned: Storage["listOwned"] = (workerId) => listOwned(this.#connection, workerId);
  nextWakeAt: Storage["nextWakeAt"] = () => nextWakeAt(this.#connection);
  unblock: Storage["unblock"] = (executionId) => unblock(this.#connection, executionId);
  repin: Storage["repin"] = (params) => repin(this.#connection, params);

  // ── reading ────────────────────────────────────────────────────────────────

  getExecution: Storage["getExecution"] = (executionId) => getExecution(this.#connection, executionId);
  findByIdempotencyKey: Storage["findByIdempotencyKey"] = (key) => findByIdempotencyKey(this.#connection, key);
  listExecutions: Storage["listExecutions"] = (filter) => listExecutions(this.#connection, filter);
  listNodes: Storage["listNodes"] = (executionId) => listNodes(this.#connection, executionId);
  listSteps: Storage["listSteps"] = (executionId) => listSteps(this.#connection, executionId);
  listWaits: Storage["listWaits"] = (executionId) => listWaits(this.#connection, executionId);
  listInbox: Storage["listInbox"] = async (id) => (await listInboxes(this.#connection, [id])).get(id) ?? [];
  listInboxes: Storage["listInboxes"] = (executionIds) => listInboxes(this.#connection, executionIds);
  listEvents: Storage["listEvents"] = (executionId, range) => listEvents(this.#connection, { executionId, ...range });

  // ── definitions and workflows ──────────────────────────────────────────────

  putDefinition: Storage["putDefinition"] = (hash, definition) => putDefinition(this.#connection, { hash, definition });
  getDefinition: Storage["getDefinition"] = (hash) => getDefinition(this.#connection, hash);
  saveWorkflow: Storage["saveWorkflow"] = (workflow) => saveWorkflow(this.#connection, workflow);
  getWorkflow: Storage["getWorkflow"] = (id, version) => getWorkflow(this.#connection, { id, version });
  listWorkflows: Storage["listWorkflows"] = (filter) => listWorkflows(this.#connection, filter);
  deleteWorkflow: Storage["deleteWorkflow"] = (id) => deleteWorkflow(this.#connection, id);

  // ── schedules ──────────────────────────────────────────────────────────────

  putSchedule: Storage["putSchedule"] = (schedule, expectedRevision) =>
    putSchedule(this.#connection, { schedule, expectedRevision });
  getSchedule: Storage["getSchedule"] = (id) => getSchedule(this.#connection, id);
  listSchedules: Storage["listSchedules"] = (filter) => listSchedules(this.#connection, filter);
  deleteSchedule: Storage["deleteSchedule"] = (id) => deleteSchedule(this.#connection, id);
  listDueSchedules: Storage["listDueSchedules"] = (params) => listDueSchedules(this.#connection, params);
  nextScheduleDueAt: Storage["nextScheduleDueAt"] = () => nextScheduleDueAt(this.#connection);
  takeFires: Storage["takeFires"] = (params) => takeFires(this.#connection, params);
  updateFire: Storage["updateFire"] = (fire, expectedStatus) => updateFire(this.#connection, { fire, expectedStatus });
  listFires: Storage["listFires"] = (filter) => listFires(this.#connection, filter);
}

function atLeast(
  minimum: number,
  { name, value, reason = "" }: { readonly name: string; readonly value: number; readonly reason?: string },
): number {
  if (Number.isInteger(value) && value >= minimum) return value;
  throw new ConfigurationError("invalid_configuration", `${name} must be an integer of at least ${minimum}${reason}.`);
}
