import { resolve } from "node:path";
import {
  type BlobStore,
  type Clock,
  type CommitOutcome,
  ConfigurationError,
  type ExecutionCommit,
  type ExecutionEvent,
  type ExecutionFilter,
  type ExecutionRecord,
  type ExecutionStatus,
  type ExecutionSummary,
  type FireRecord,
  type InboxItem,
  type NodeRecord,
  type Page,
  type ScheduleRecord,
  type StepRecord,
  type Storage,
  type StorageCapabilities,
  type WaitRecord,
  type WorkflowDefinition,
  type WorkflowRecord,
} from "@automatrix/core";
import { memoryBlobStore } from "@automatrix/core/memory";
import type { Connection, ConnectionParams } from "./connection/connection.js";
import { closedError, DatabaseGate } from "./connection/database-gate.js";
import { openConnection } from "./connection/open-connection.js";
import { fileBlobStore } from "./file-blob-store.js";
import { PayloadFiles } from "./payloads/payload-files.js";
import { PayloadReader } from "./payloads/payload-reader.js";
import { toExecutionRecord } from "./rows/execution-row.js";
import { addToInbox } from "./sql/add-to-inbox.js";
import { claim } from "./sql/claim.js";
import { getDefinition, hasDefinition, putDefinition } from "./sql/definitions.js";
import { deleteEnded } from "./sql/delete-ended.js";
import { findByIdempotencyKey } from "./sql/find-by-idempotency-key.js";
import { listFires, takeFires, updateFire } from "./sql/fires.js";
import { getExecution } from "./sql/get-execution.js";
import { heartbeat } from "./sql/heartbeat.js";
import { listEvents } from "./sql/list-events.js";
import { listExecutions } from "./sql/list-executions.js";
import { listInbox } from "./sql/list-inbox.js";
import { listNodes } from "./sql/list-nodes.js";
import { listOwned } from "./sql/list-owned.js";
import { listSteps } from "./sql/list-steps.js";
import { listWaits } from "./sql/list-waits.js";
import { nextWakeAt } from "./sql/next-wake-at.js";
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
import { hasNews, takeNews } from "./sql/take-news.js";
import { unblock } from "./sql/unblock.js";
import { deleteWorkflow, getWorkflow, listWorkflows, saveWorkflow } from "./sql/workflows.js";
import { writeBatch } from "./write-batch.js";

const IN_MEMORY = ":memory:";
const DEFAULT_BUSY_TIMEOUT_MS = 5_000;
const DEFAULT_TRANSACTION_TIMEOUT_MS = 5_000;

export interface SqliteStorageOptions {
  /** Path of the database file, made with mode 0600 if it is not there; `:memory:` for one that ends with the object. */
  readonly file: string;
  /**
   * `full` (default): what was acknowledged survives a power cut. `normal`: it survives the end of the process; a power
   * cut may take the last moments, never the consistency. Several times faster on slow disks.
   */
  readonly synchronous?: "full" | "normal";
  /** The storage's clock, which leases compare with; the machine's by default. Processes that share a file share it too. */
  readonly clock?: Pick<Clock, "now">;
  /** Where `ctx.blobs` keeps what nodes put there; by default the folder `<file>-blobs` beside the file. */
  readonly blobs?: BlobStore;
  /** How long another process may hold the write lock before a call rejects with `storage_unavailable`. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** How long a node's own code may hold the transaction of its result. Default 5,000. */
  readonly transactionTimeoutMs?: number;
  /** The file does not grow beyond: writes reject with `storage_full`. Default: as far as the disk goes. */
  readonly maxFileBytes?: number;
}

/**
 * Everything in one SQLite file, in WAL mode, which several processes of one machine may open at once. Inputs, outputs
 * and steps over 16 KiB lie in the folder `<file>-blobs`, which belongs to the file and moves with it.
 *
 * ```ts
 * const engine = createEngine({ storage: sqliteStorage({ file: "automatrix.db" }), nodes: standardNodes() });
 * ```
 *
 * Calls reject with a `StorageError`: `storage_unavailable` for what may pass (locked, input and output errors),
 * `storage_full`, `storage_corrupt`, `storage_readonly`, `migration_failed` when a newer version wrote the file, and
 * `storage_closed` before `open` and after `close`.
 */
export function sqliteStorage(options: SqliteStorageOptions): Storage {
  return new SqliteStorage(options);
}

class SqliteStorage implements Storage {
  readonly name = "sqlite";
  readonly capabilities: StorageCapabilities;
  readonly blobs: BlobStore;
  readonly #connectionParams: ConnectionParams;
  readonly #busyTimeoutMs: number;
  readonly #transactionTimeoutMs: number;
  readonly #clock: Pick<Clock, "now">;
  readonly #payloads: PayloadFiles | undefined;
  #opening: Promise<void> | undefined;
  #gate: DatabaseGate | undefined;

  constructor({
    file,
    synchronous = "full",
    clock = Date,
    blobs,
    busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS,
    transactionTimeoutMs = DEFAULT_TRANSACTION_TIMEOUT_MS,
    maxFileBytes,
  }: SqliteStorageOptions) {
    if (file === "")
      throw new ConfigurationError("invalid_configuration", "`file` of sqliteStorage is empty; name a file.");
    const isFile = file !== IN_MEMORY;
    // An absolute path is never taken for a URI, whatever its name.
    const place = isFile ? resolve(file) : file;
    this.#connectionParams = { file: place, synchronous, maxFileBytes };
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#transactionTimeoutMs = transactionTimeoutMs;
    this.#clock = clock;
    this.capabilities = Object.freeze({ durable: isFile, transactional: true, shared: isFile });
    this.blobs = blobs ?? (isFile ? fileBlobStore({ directory: `${place}-blobs` }) : memoryBlobStore());
    this.#payloads = isFile ? new PayloadFiles(resolve(`${place}-blobs`, "payloads")) : undefined;
  }

  // ── life ───────────────────────────────────────────────────────────────────

  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    const connectionParams = this.#connectionParams;
    const busyTimeoutMs = this.#busyTimeoutMs;
    const connection = await openConnection(connectionParams, busyTimeoutMs);
    this.#gate = new DatabaseGate({ connection, connectionParams, busyTimeoutMs });
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    const gate = this.#gate;
    this.#gate = undefined;
    this.#opening = undefined;
    await gate?.close();
  }

  async now(): Promise<number> {
    return this.#clock.now();
  }

  // ── writing ────────────────────────────────────────────────────────────────

  async commit(batch: readonly ExecutionCommit[]): Promise<readonly CommitOutcome[]> {
    return writeBatch(this.#opened(), batch, {
      payloads: this.#payloads,
      transactionTimeoutMs: this.#transactionTimeoutMs,
    });
  }

  requestCancel(executionId: string, reason: string | null, at: number): Promise<ExecutionStatus | undefined> {
    return this.#write((connection) => requestCancel(connection, { executionId, reason, at }));
  }

  addToInbox(executionId: string, item: InboxItem, maxUnread: number): ReturnType<Storage["addToInbox"]> {
    return this.#write((connection) => addToInbox(connection, { executionId, item, maxUnread }));
  }

  async takeNews(params: Parameters<Storage["takeNews"]>[0]): Promise<readonly string[]> {
    if (!(await this.#read((connection) => hasNews(connection, params.workerId)))) return [];
    return this.#write((connection) => takeNews(connection, params));
  }

  async deleteEnded(params: Parameters<Storage["deleteEnded"]>[0]): Promise<number> {
    const ids = await this.#write((connection) => deleteEnded(connection, params));
    await this.#payloads?.removeAll(ids);
    return ids.length;
  }

  // ── ownership ──────────────────────────────────────────────────────────────

  async claim(params: Parameters<Storage["claim"]>[0]): ReturnType<Storage["claim"]> {
    const rows = await this.#write((connection) => claim(connection, { ...params, now: this.#clock.now() }));
    const reader = new PayloadReader(this.#payloads);
    const records = rows.map((row) => toExecutionRecord(row, reader));
    await reader.fill();
    // Listing an inbox in a file costs no more than asking whether it is empty.
    return records.map((record) => Object.assign(record, { mayHaveUnread: true }));
  }

  heartbeat({ workerId, leaseDurationMs }: Parameters<Storage["heartbeat"]>[0]): Promise<boolean> {
    return this.#write((connection) =>
      heartbeat(connection, { workerId, leaseUntil: this.#clock.now() + leaseDurationMs }),
    );
  }

  release(params: Parameters<Storage["release"]>[0]): Promise<void> {
    return this.#write((connection) => release(connection, params));
  }

  listOwned(workerId: string): ReturnType<Storage["listOwned"]> {
    return this.#read((connection) => listOwned(connection, workerId));
  }

  nextWakeAt(): Promise<number | null> {
    return this.#read(nextWakeAt);
  }

  unblock(executionId: string): Promise<boolean> {
    return this.#write((connection) => unblock(connection, executionId));
  }

  repin(params: Parameters<Storage["repin"]>[0]): Promise<boolean> {
    return this.#write((connection) => repin(connection, params));
  }

  // ── reading ────────────────────────────────────────────────────────────────

  getExecution(executionId: string): Promise<ExecutionRecord | undefined> {
    return this.#readPayloads((connection, reader) => getExecution(connection, { executionId, reader }));
  }

  findByIdempotencyKey(key: string): Promise<string | undefined> {
    return this.#read((connection) => findByIdempotencyKey(connection, key));
  }

  listExecutions(filter: ExecutionFilter): Promise<Page<ExecutionSummary>> {
    return this.#read((connection) => listExecutions(connection, filter));
  }

  listNodes(executionId: string): Promise<readonly NodeRecord[]> {
    return this.#readPayloads((connection, reader) => listNodes(connection, { executionId, reader }));
  }

  listSteps(executionId: string): Promise<readonly StepRecord[]> {
    return this.#readPayloads((connection, reader) => listSteps(connection, { executionId, reader }));
  }

  listWaits(executionId: string): Promise<readonly WaitRecord[]> {
    return this.#read((connection) => listWaits(connection, executionId));
  }

  listInbox(executionId: string): Promise<readonly InboxItem[]> {
    return this.#read((connection) => listInbox(connection, executionId));
  }

  listInboxes(executionIds: readonly string[]): ReturnType<Storage["listInboxes"]> {
    return this.#read((connection) => new Map(executionIds.map((id) => [id, listInbox(connection, id)])));
  }

  listEvents(
    executionId: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<readonly ExecutionEvent[]> {
    return this.#readPayloads((connection, reader) => listEvents(connection, { executionId, ...range, reader }));
  }

  // ── definitions and workflows ──────────────────────────────────────────────

  async putDefinition(hash: string, definition: WorkflowDefinition): Promise<void> {
    if (await this.#read((connection) => hasDefinition(connection, hash))) return;
    await this.#write((connection) => putDefinition(connection, { hash, definition }));
  }

  getDefinition(hash: string): Promise<WorkflowDefinition | undefined> {
    return this.#read((connection) => getDefinition(connection, hash));
  }

  saveWorkflow(workflow: Parameters<Storage["saveWorkflow"]>[0]): Promise<WorkflowRecord> {
    return this.#write((connection) => saveWorkflow(connection, workflow));
  }

  getWorkflow(id: string, version?: number): Promise<WorkflowRecord | undefined> {
    return this.#read((connection) => getWorkflow(connection, id, version));
  }

  listWorkflows(filter: Parameters<Storage["listWorkflows"]>[0]): Promise<Page<WorkflowRecord>> {
    return this.#read((connection) => listWorkflows(connection, filter));
  }

  deleteWorkflow(id: string): Promise<boolean> {
    return this.#write((connection) => deleteWorkflow(connection, id));
  }

  // ── schedules ──────────────────────────────────────────────────────────────

  putSchedule(schedule: ScheduleRecord, expectedRevision: number | null): Promise<boolean> {
    return this.#write((connection) => putSchedule(connection, { schedule, expectedRevision }));
  }

  getSchedule(id: string): Promise<ScheduleRecord | undefined> {
    return this.#read((connection) => getSchedule(connection, id));
  }

  listSchedules(filter: Parameters<Storage["listSchedules"]>[0]): Promise<Page<ScheduleRecord>> {
    return this.#read((connection) => listSchedules(connection, filter));
  }

  deleteSchedule(id: string): Promise<boolean> {
    return this.#write((connection) => deleteSchedule(connection, id));
  }

  listDueSchedules(params: Parameters<Storage["listDueSchedules"]>[0]): Promise<readonly ScheduleRecord[]> {
    return this.#read((connection) => listDueSchedules(connection, params));
  }

  nextScheduleDueAt(): Promise<number | null> {
    return this.#read(nextScheduleDueAt);
  }

  takeFires(params: Parameters<Storage["takeFires"]>[0]): Promise<boolean> {
    return this.#write((connection) => takeFires(connection, params));
  }

  updateFire(fire: FireRecord, expectedStatus: FireRecord["status"]): Promise<boolean> {
    return this.#write((connection) => updateFire(connection, { fire, expectedStatus }));
  }

  listFires(filter: Parameters<Storage["listFires"]>[0]): Promise<readonly FireRecord[]> {
    return this.#read((connection) => listFires(connection, filter));
  }

  // ── the way to the database ────────────────────────────────────────────────

  async #write<Result>(work: (connection: Connection) => Result): Promise<Result> {
    return this.#opened().write(work);
  }

  async #read<Result>(work: (connection: Connection) => Result): Promise<Result> {
    return this.#opened().read(work);
  }

  /** Reads rows, then the values of theirs that lie in files. */
  async #readPayloads<Result>(work: (connection: Connection, reader: PayloadReader) => Result): Promise<Result> {
    const reader = new PayloadReader(this.#payloads);
    const result = await this.#read((connection) => work(connection, reader));
    await reader.fill();
    return result;
  }

  #opened(): DatabaseGate {
    if (this.#gate === undefined) throw closedError(this.#connectionParams.file);
    return this.#gate;
  }
}
