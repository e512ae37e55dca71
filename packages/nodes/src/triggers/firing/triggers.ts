import {
  AutomatrixError,
  type Engine,
  ExecutionError,
  type ExecutionHandle,
  type Schedule,
  type SecretStore,
  type WorkflowDefinition,
} from "@automatrix/core";
import { isTrue, isWholeTemplate } from "../../parameters/expression-parameter.js";
import { EVENT_TRIGGER } from "../event-trigger/event-trigger.js";
import { WEBHOOK_TRIGGER } from "../webhook-trigger/webhook-trigger.js";
import { FailureWatch } from "./failure-watch.js";
import { receiveWebhook, type WebhookAnswer, type WebhookRequest } from "./receive-webhook.js";
import { syncSchedules } from "./sync-schedules.js";
import {
  isOpenTo,
  savedWorkflows,
  TriggerIndex,
  triggersOf,
  type WorkflowSource,
  type WorkflowTrigger,
} from "./trigger-index.js";

const DEFAULT_REFRESH_MS = 1_000;
const DEFAULT_ANSWER_WITHIN_MS = 30_000;
const DEFAULT_LOOK_BACK_MS = 10 * 60_000;
const DEFAULT_LOOK_EVERY_MS = 60_000;

export interface TriggersOptions {
  /** Workflows that triggers may start. Default: every saved one, in its newest version. */
  readonly workflows?: WorkflowSource;
  /** How old the list of triggers may be, in milliseconds. Default 1,000. */
  readonly refreshMs?: number;
  /** How long the caller of a webhook waits for its answer. Default 30,000. */
  readonly answerWithinMs?: number;
  /** How far back failures are caught up with that no process heard of. Default 600,000. */
  readonly lookBackMs?: number;
  /** How often they are looked for. Default 60,000. */
  readonly lookEveryMs?: number;
  /** Where secrets of webhooks are looked up. */
  readonly secrets?: SecretStore;
  /** Milliseconds since the epoch; the machine's clock by default. */
  readonly now?: () => number;
  /** Told of what failed in the background. Default: nobody. */
  readonly onError?: (error: unknown) => void;
}

/** An event that may start workflows. */
export interface TriggerEvent {
  readonly name: string;
  /** JSON. */
  readonly payload: unknown;
  /** Whom it happened to. Of workflows that have a tenant only its own are started; without one, those whose tenant is null. */
  readonly tenant?: string;
  /** The same event emitted again starts nothing again. */
  readonly idempotencyKey?: string;
}

/** Fires the triggers of an engine's saved workflows. Close it before the engine. */
export interface Triggers {
  /**
   * Starts every workflow with an `event_trigger` of this name whose filter is true for the payload, and that is not another
   * tenant's. A filter that cannot be worked out lets nothing through and is told to `onError`.
   */
  emit(event: TriggerEvent): Promise<readonly ExecutionHandle[]>;
  /**
   * Takes a request at the webhook of a workflow, and resolves to what its caller is answered. What it starts belongs to
   * `tenant`, else to the workflow's own.
   * @throws ExecutionError `workflow_not_found`, also for a workflow of another tenant; `node_not_found` when it has no
   * such webhook
   */
  receive(
    target: { readonly workflowId: string; readonly nodeId?: string; readonly tenant?: string },
    request: WebhookRequest,
  ): Promise<WebhookAnswer>;
  /** Makes the schedules of a workflow those of its `schedule_trigger` nodes; to be called after it was saved or deleted. */
  sync(workflowId: string): Promise<readonly Schedule[]>;
  /** Starts workflows with an `error_trigger` from now on, and those that were missed meanwhile. */
  watchFailures(): void;
  close(): Promise<void>;
}

export function createTriggers(engine: Engine, options: TriggersOptions = {}): Triggers {
  return new EngineTriggers(engine, options);
}

class EngineTriggers implements Triggers {
  readonly #engine: Engine;
  readonly #options: TriggersOptions;
  readonly #now: () => number;
  readonly #source: WorkflowSource;
  readonly #index: TriggerIndex;
  #failures: FailureWatch | undefined;

  constructor(engine: Engine, options: TriggersOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#source = options.workflows ?? (() => savedWorkflows(engine));
    this.#index = new TriggerIndex({
      source: this.#source,
      refreshMs: options.refreshMs ?? DEFAULT_REFRESH_MS,
      now: this.#now,
    });
  }

  async emit(event: TriggerEvent): Promise<readonly ExecutionHandle[]> {
    const triggers = await this.#index.ofType(EVENT_TRIGGER);
    const meant = triggers.filter(
      (trigger) =>
        trigger.parameters["event"] === event.name &&
        isOpenTo(trigger, event.tenant ?? null) &&
        this.#passes(trigger, event),
    );
    return Promise.all(meant.map((trigger) => this.#start(trigger, event)));
  }

  #passes({ parameters: { filter }, workflowId, nodeId }: WorkflowTrigger, { payload }: TriggerEvent): boolean {
    if (filter === undefined || filter === true) return true;
    try {
      return isTrue(this.#engine.evaluate(withBraces(filter), payload));
    } catch (cause) {
      this.#options.onError?.(
        new Error(`The filter of trigger "${nodeId}" of workflow "${workflowId}" cannot be worked out.`, { cause }),
      );
      return false;
    }
  }

  #start({ workflowId, version, nodeId }: WorkflowTrigger, event: TriggerEvent): Promise<ExecutionHandle> {
    const { name, payload, tenant, idempotencyKey } = event;
    return this.#engine.execute(workflowId, {
      version,
      trigger: nodeId,
      input: payload,
      metadata: { trigger: { type: "event", event: name } },
      ...(tenant === undefined ? {} : { tenant }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey: `event:${name}:${nodeId}:${idempotencyKey}` }),
    });
  }

  async receive(
    {
      workflowId,
      nodeId,
      tenant = undefined,
    }: { readonly workflowId: string; readonly nodeId?: string; readonly tenant?: string | undefined },
    request: WebhookRequest,
  ): Promise<WebhookAnswer> {
    const { version, definition, tenant: owner } = await this.#find(workflowId);
    if (tenant !== undefined && !isOpenTo({ tenant: owner }, tenant)) throw workflowNotFound(workflowId);
    const webhooks = triggersOf(definition, (type) => type === WEBHOOK_TRIGGER);
    const trigger = webhooks.find((one) => nodeId === undefined || one.nodeId === nodeId);
    if (trigger === undefined)
      throw new ExecutionError(
        "node_not_found",
        `Workflow "${workflowId}" has no webhook${nodeId === undefined ? "" : ` "${nodeId}"`}.`,
      );
    return receiveWebhook({
      engine: this.#engine,
      trigger: { ...trigger, workflowId, version },
      definition,
      request,
      tenant: tenant ?? owner ?? null,
      secrets: this.#options.secrets,
      answerWithinMs: this.#options.answerWithinMs ?? DEFAULT_ANSWER_WITHIN_MS,
      now: this.#now(),
    });
  }

  async sync(workflowId: string): Promise<readonly Schedule[]> {
    const workflow = await this.#engine.getWorkflow(workflowId).catch((error: unknown) => {
      if (AutomatrixError.is(error) && error.code === "workflow_not_found") return undefined;
      throw error;
    });
    return syncSchedules(this.#engine, workflowId, workflow?.definition);
  }

  watchFailures(): void {
    this.#failures ??= new FailureWatch({
      engine: this.#engine,
      index: this.#index,
      lookBackMs: this.#options.lookBackMs ?? DEFAULT_LOOK_BACK_MS,
      lookEveryMs: this.#options.lookEveryMs ?? DEFAULT_LOOK_EVERY_MS,
      now: this.#now,
      onError: (error) => this.#options.onError?.(error),
    });
  }

  async close(): Promise<void> {
    await this.#failures?.close();
  }

  /** @throws ExecutionError `workflow_not_found` */
  async #find(workflowId: string): Promise<{
    readonly version: number;
    readonly definition: WorkflowDefinition;
    readonly tenant?: string | null | undefined;
  }> {
    if (this.#options.workflows === undefined) return this.#engine.getWorkflow(workflowId);
    for await (const workflow of this.#source()) if (workflow.id === workflowId) return workflow;
    throw workflowNotFound(workflowId);
  }
}

function workflowNotFound(workflowId: string): ExecutionError {
  return new ExecutionError("workflow_not_found", `There is no workflow "${workflowId}" that triggers may start.`);
}

/** A filter that was written without braces gets some. Text around braces gets some too, which is no expression. */
function withBraces(filter: unknown): unknown {
  if (typeof filter !== "string") return filter;
  const text = filter.trim();
  return isWholeTemplate(text) ? text : `{{ ${text} }}`;
}
