import { StorageError } from "../../errors/errors.js";
import type { EventDraft, ExecutionEvent } from "../../events/event.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type {
  Blocked,
  ClaimedExecution,
  ErrorRecord,
  ExecutionRecord,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import { ExecutionRunner, type ExecutionRunnerParams } from "../../running/execution/execution-runner.js";
import type { ResumedFrom } from "../../running/execution/resumption.js";
import type { EngineServices } from "../../running/services.js";
import { ignoreRejection } from "../../shared/ignore-rejection.js";
import { chooseTrigger } from "../starting/choose-trigger.js";
import type { PreparedWorkflow, WorkflowCompiler } from "../starting/workflow-compiler.js";

/** Journal events looked through for nodes in flight. */
const MAX_EVENTS_READ = 10_000;

export interface AdoptionParams {
  readonly services: EngineServices;
  readonly storage: Storage;
  readonly compiler: WorkflowCompiler;
  /** Deaths of workers after which an execution is set aside. */
  readonly quarantineAfter: number;
}

type RunnerCallbacks = Pick<ExecutionRunnerParams, "onGone" | "onStatus">;

/** What is read to go on with an execution. */
interface Rows {
  readonly nodes: readonly NodeRecord[];
  readonly steps: readonly StepRecord[];
  readonly resumed: ResumedFrom;
}

/** Inboxes by execution; those without any item may be missing. */
type Inboxes = ReturnType<Storage["listInboxes"]>;

const NO_INBOXES: Awaited<Inboxes> = new Map();

/** True for one that was created and of which nothing has run. */
function isUntouched({ lastSeq }: ExecutionRecord): boolean {
  return lastSeq <= 1;
}

/** Makes runners of executions that this worker has claimed: queued ones, those that waited, those of dead workers. */
export class Adoption {
  readonly #params: AdoptionParams;

  constructor(params: AdoptionParams) {
    this.#params = params;
  }

  /** Reads the inboxes of those of which there is nothing else to read, in one call; none that are known to be empty. */
  readInboxes(claimed: readonly ClaimedExecution[]): Inboxes {
    const ids = claimed.filter((record) => record.mayHaveUnread && isUntouched(record)).map(({ id }) => id);
    const inboxes = ids.length === 0 ? Promise.resolve(NO_INBOXES) : this.#params.storage.listInboxes(ids);
    ignoreRejection(inboxes);
    return inboxes;
  }

  /**
   * A runner that is ready to go on; undefined when the execution had to be set aside.
   * @param inboxes what {@link readInboxes} gave for this record, with others or alone
   */
  async adopt(
    record: ExecutionRecord,
    inboxes: Inboxes,
    callbacks: RunnerCallbacks,
  ): Promise<ExecutionRunner | undefined> {
    if (record.crashes >= this.#params.quarantineAfter) {
      const inFlight = await this.#nodesInFlight(record);
      // Nothing of it ran when its workers died: it was not at fault.
      if (inFlight.length > 0) return this.#quarantine(record, inFlight);
    }
    const prepared = await this.#prepare(record);
    if (!("plan" in prepared)) return this.#setAside(record, prepared);
    const { nodes, steps, resumed } = await this.#read(record, inboxes);
    return new ExecutionRunner({
      onGone: callbacks.onGone,
      onStatus: callbacks.onStatus,
      services: this.#params.services,
      plan: prepared.plan,
      record,
      trigger: chooseTrigger(prepared.plan, record.trigger ?? undefined),
      seeds: new Map(nodes.map((node) => [node.path, node])),
      steps,
      resumed,
    });
  }

  async #prepare(record: ExecutionRecord): Promise<PreparedWorkflow | Blocked> {
    const { storage, compiler } = this.#params;
    const known = compiler.find(record.definitionHash);
    const definition = known?.definition ?? (await storage.getDefinition(record.definitionHash));
    if (definition === undefined)
      return { code: "workflow_not_found", message: "its definition is gone from the storage" };
    const prepared = compiler.preparePinned({ hash: record.definitionHash, definition }, record.nodeTypes);
    if ("missing" in prepared)
      return { code: "node_type_missing", message: `node type ${prepared.missing} is not registered` };
    return prepared;
  }

  async #read(record: ExecutionRecord, inboxes: Inboxes): Promise<Rows> {
    const { storage, services } = this.#params;
    const { id, lastSeq } = record;
    if (isUntouched(record)) {
      const inbox = (await inboxes).get(id) ?? [];
      return { nodes: [], steps: [], resumed: { hasBegun: false, waits: [], inbox, parkedMs: 0 } };
    }
    const [nodes, steps, waits, inbox, lastEvents] = await Promise.all([
      storage.listNodes(id),
      storage.listSteps(id),
      storage.listWaits(id),
      storage.listInbox(id),
      storage.listEvents(id, { after: lastSeq - 2, limit: 2 }),
    ]);
    const lastEvent = lastEvents.at(-1);
    const hasBegun = lastEvent?.type !== "execution.created" && lastEvent?.data?.reused !== true;
    const stoppedAt = clockStoppedAt(lastEvents);
    const stoodStillMs = stoppedAt === null ? 0 : Math.max(0, services.clock.now() - stoppedAt);
    const unstarted = await this.#findUnstartedChildren(id, waits);
    return {
      nodes: nodes.filter(({ path, status }) => status !== "waiting" || !unstarted.has(path)),
      steps,
      resumed: { hasBegun, waits, inbox, parkedMs: record.parkedMs + stoodStillMs },
    };
  }

  /**
   * Nodes whose child was chosen and not created before the worker died, and those whose child goes its own way: they
   * run again, which creates the same child, or finds it.
   */
  async #findUnstartedChildren(id: string, waits: readonly WaitRecord[]): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    for (const { childId, nodePath } of waits) {
      if (childId === null) continue;
      const child = await this.#params.storage.getExecution(childId);
      if (child?.parent?.executionId !== id) paths.add(nodePath);
    }
    return paths;
  }

  // ── setting aside ──────────────────────────────────────────────────────────

  async #quarantine(record: ExecutionRecord, inFlight: readonly string[]): Promise<undefined> {
    return this.#block(record, {
      code: "quarantined",
      message: `its worker died ${record.crashes} times while running ${inFlight.join(", ")}`,
      nodeId: inFlight[0] as string,
    });
  }

  /** Nodes that were at work when the worker died: not those that waited, for their next attempt or for something else. */
  async #nodesInFlight({ id, lastSeq }: ExecutionRecord): Promise<readonly string[]> {
    const { storage } = this.#params;
    const after = Math.max(0, lastSeq - MAX_EVENTS_READ);
    const inFlight = new Set<string>();
    for (const { type, nodeId } of await storage.listEvents(id, { after, limit: MAX_EVENTS_READ })) {
      if (nodeId === undefined || !type.startsWith("node.")) continue;
      if (type === "node.started" || type === "node.resumed") inFlight.add(nodeId);
      else inFlight.delete(nodeId);
    }
    return [...inFlight];
  }

  /** What cannot go on here can still be cancelled. */
  #setAside(record: ExecutionRecord, blocked: Blocked): Promise<undefined> {
    return record.cancelRequested === null ? this.#block(record, blocked) : this.#cancel(record);
  }

  /** Ends a cancelled execution whose definition cannot be run: nothing of it is running. */
  async #cancel(record: ExecutionRecord): Promise<undefined> {
    const { storage, services } = this.#params;
    const { id: executionId, epoch, lastSeq: afterSeq, cancelRequested, parent } = record;
    const at = services.clock.now();
    const error = { code: "execution_cancelled", message: cancelRequested?.reason ?? "The execution was cancelled." };
    const open = (await storage.listNodes(executionId)).filter(({ endedAt }) => endedAt === null);
    const nodes = open.map(
      ({ path, attempts, startedAt }) =>
        ({ path, status: "cancelled", attempts, startedAt, endedAt: at }) satisfies NodeRecord,
    );
    const events: EventDraft[] = [
      ...nodes.map(
        ({ path }) =>
          ({ seq: 0, type: "node.cancelled", at, executionId, nodeId: path, data: {} }) satisfies EventDraft,
      ),
      { seq: 0, type: "execution.cancelled", at, executionId, data: { error } },
    ];
    const endedWaits = (await storage.listWaits(executionId)).map(({ nodePath }) => nodePath);
    const patch = { status: "cancelled", error, blocked: null, endedAt: at } as const;
    const deliver = parent === null ? [] : [{ executionId: parent.executionId, item: toEndOfChild(record, error, at) }];
    const outcome = await this.#commit({ executionId, epoch, afterSeq, patch, nodes, endedWaits, events, deliver });
    if (outcome?.ok === true)
      for (const [index, event] of events.entries()) services.hub.emit({ ...event, seq: outcome.firstSeq + index });
  }

  /** Sets an execution aside until somebody mends what keeps it from going on. */
  async #block(record: ExecutionRecord, blocked: Blocked): Promise<undefined> {
    const { storage, services } = this.#params;
    const { id: executionId, epoch, lastSeq: afterSeq } = record;
    const event = { seq: 0, type: "execution.blocked" as const, at: services.clock.now(), executionId, data: blocked };
    const patch = { status: "waiting", blocked } as const;
    const outcome = await this.#commit({ executionId, epoch, afterSeq, patch, events: [event] });
    if (outcome?.ok !== true) return;
    services.hub.emit({ ...event, seq: outcome.firstSeq });
    await storage.release({ executionId, epoch });
  }

  /** @throws StorageError `storage_unavailable` when somebody else holds it up; a later sweep finds it again */
  async #commit(commit: ExecutionCommit): Promise<CommitOutcome | undefined> {
    const [outcome] = await this.#params.storage.commit([commit]);
    if (outcome?.ok === false && outcome.reason === "busy")
      throw new StorageError(
        "storage_unavailable",
        `Somebody else holds execution "${commit.executionId}" in the storage.`,
      );
    return outcome;
  }
}

/**
 * Since when the execution's clock stands still; null when it runs. To wait was the last thing that the execution did, but
 * for saying that it is a person who alone can move it.
 */
function clockStoppedAt(lastEvents: readonly ExecutionEvent[]): number | null {
  const last = lastEvents.at(-1);
  const isForPerson = last?.type === "execution.blocked" && last.data.code === "unknown_outcome";
  const waiting = isForPerson ? lastEvents.at(-2) : last;
  return waiting?.type === "execution.waiting" && waiting.data.isClockStopped === true ? waiting.at : null;
}

/** What a parent is told about a child that was cancelled. */
function toEndOfChild({ id, parent }: ExecutionRecord, error: ErrorRecord, at: number): InboxItem {
  const payload = { executionId: id, status: "cancelled", error };
  return { id: `ended:${id}`, kind: "child_ended", name: parent?.nodePath ?? "", payload, key: id, at };
}
