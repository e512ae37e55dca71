import type { Engine, ExecutionSummary } from "@automatrix/core";
import { ERROR_TRIGGER } from "../error-trigger/error-trigger.js";
import { isOpenTo, type TriggerIndex, type WorkflowTrigger } from "./trigger-index.js";

/** Failed executions read at once. */
const PAGE_SIZE = 100;
/** Pages read in one round. The newest failures come first, so that the oldest are left out beyond it. */
const MAX_PAGES = 100;

export interface FailureWatchParams {
  readonly engine: Engine;
  readonly index: TriggerIndex;
  /** Failures of this process's absence are caught up with as far back as this, in milliseconds. */
  readonly lookBackMs: number;
  readonly lookEveryMs: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * Starts workflows with an `error_trigger` when others fail. Hears of failures as they happen here, and looks for those
 * that nobody heard of: of a process that died at that moment, or while none was running. The idempotency key makes
 * each failure start each workflow once, whoever sees it and how often.
 */
export class FailureWatch {
  readonly #params: FailureWatchParams;
  readonly #stop: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void>;
  #isClosed = false;
  /** What was started up to the beginning of the last look, and since then. */
  #startedBefore: ReadonlySet<string> = new Set();
  #started = new Set<string>();

  constructor(params: FailureWatchParams) {
    this.#params = params;
    this.#stop = params.engine.on("execution.failed", ({ executionId }) => void this.#hear(executionId));
    this.#looking = this.#look();
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, params.lookEveryMs);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop();
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #hear(executionId: string): Promise<void> {
    try {
      await this.#fire(await this.#params.engine.getExecution(executionId));
    } catch (error) {
      this.#params.onError(error);
    }
  }

  async #look(): Promise<void> {
    const { index, lookBackMs, now, onError } = this.#params;
    try {
      if ((await index.ofType(ERROR_TRIGGER)).length === 0) return;
      this.#startedBefore = this.#started;
      this.#started = new Set();
      for await (const failed of this.#failedSince(now() - lookBackMs)) await this.#fire(failed);
    } catch (error) {
      onError(error);
    }
  }

  async *#failedSince(endedSince: number): AsyncGenerator<ExecutionSummary> {
    const { engine, onError } = this.#params;
    let next: { readonly cursor?: string } = {};
    for (let read = 0; read < MAX_PAGES; read += 1) {
      const filter = { status: "failed", endedSince, limit: PAGE_SIZE } as const;
      const { items, nextCursor } = await engine.listExecutions({ ...filter, ...next });
      yield* items;
      if (nextCursor === undefined || this.#isClosed) return;
      next = { cursor: nextCursor };
    }
    onError(
      new Error(`Error workflows were started for the newest ${MAX_PAGES * PAGE_SIZE} failures, not for older ones.`),
    );
  }

  async #fire(failed: ExecutionSummary): Promise<void> {
    // A child's failure is its parent's; a workflow of this kind that fails starts none, whoever started it.
    if (failed.parent !== null || startedBy(failed) === "error") return;
    const triggers = await this.#params.index.ofType(ERROR_TRIGGER);
    if (triggers.some(({ workflowId }) => workflowId === failed.workflowId)) return;
    const meant = triggers.filter((trigger) => isOpenTo(trigger, failed.tenant) && isMeant(trigger, failed));
    for (const trigger of meant) await this.#startOnce(trigger, failed);
  }

  /** The storage would tell a second start from the first too, but a look may come upon thousands of them. */
  async #startOnce(trigger: WorkflowTrigger, failed: ExecutionSummary): Promise<void> {
    const key = JSON.stringify([trigger.workflowId, trigger.nodeId, failed.id]);
    if (!this.#startedBefore.has(key)) await this.#start(trigger, failed);
    this.#started.add(key);
  }

  async #start({ workflowId, version, nodeId }: WorkflowTrigger, failed: ExecutionSummary): Promise<void> {
    const { id, workflowName, status, startedAt, endedAt, error, tenant } = failed;
    await this.#params.engine.execute(workflowId, {
      version,
      trigger: nodeId,
      input: { execution: { id, workflowId: failed.workflowId, workflowName, status, startedAt, endedAt }, error },
      idempotencyKey: `error:${id}:${nodeId}`,
      metadata: { trigger: { type: "error", executionId: id } },
      ...(tenant === null ? {} : { tenant }),
    });
  }
}

function startedBy({ metadata }: ExecutionSummary): unknown {
  return (metadata["trigger"] as { readonly type?: unknown } | undefined)?.type;
}

function isMeant({ parameters }: WorkflowTrigger, failed: ExecutionSummary): boolean {
  const { workflowIds } = parameters as { readonly workflowIds?: unknown };
  return !Array.isArray(workflowIds) || workflowIds.includes(failed.workflowId);
}
