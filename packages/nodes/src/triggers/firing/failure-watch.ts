import type { Engine, ExecutionSummary } from "@automatrix/core";
import { ERROR_TRIGGER } from "../error-trigger/error-trigger.js";
import type { TriggerIndex, WorkflowTrigger } from "./trigger-index.js";

/** Failed executions looked at in one round. */
const PAGE_SIZE = 100;

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
    const { engine, index, lookBackMs, now, onError } = this.#params;
    try {
      if ((await index.ofType(ERROR_TRIGGER)).length === 0) return;
      const { items } = await engine.listExecutions({ status: "failed", limit: PAGE_SIZE });
      const since = now() - lookBackMs;
      for (const failed of items) if ((failed.endedAt ?? 0) >= since) await this.#fire(failed);
    } catch (error) {
      onError(error);
    }
  }

  async #fire(failed: ExecutionSummary): Promise<void> {
    // A child's failure is its parent's; a workflow of this kind that fails starts none, whoever started it.
    if (failed.parent !== null || startedBy(failed) === "error") return;
    const triggers = await this.#params.index.ofType(ERROR_TRIGGER);
    if (triggers.some(({ workflowId }) => workflowId === failed.workflowId)) return;
    for (const trigger of triggers) if (isMeant(trigger, failed)) await this.#start(trigger, failed);
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
