import type { RunBodyOptions } from "../definition/node-context.js";
import type { WorkflowDefinition } from "../definition/workflow-definition.js";
import { AutomatrixError } from "../errors/errors.js";
import { scopeOutput } from "../execution/scope-output.js";
import type { ErrorRecord, StepRecord } from "../ports/execution-record.js";
import { createDeferred } from "../shared/deferred.js";
import { toPlainJson } from "../shared/plain-json.js";
import type { ExecutionRunner } from "./execution-runner.js";
import type { NodeAttempt } from "./node-attempt.js";
import { type ScopeConcurrency, ScopeRunner } from "./scope-runner.js";

const DEFAULT_CLEANUP_TIMEOUT_MS = 60_000;

export interface RunBodyParams {
  readonly attempt: NodeAttempt;
  readonly definition: WorkflowDefinition;
  readonly input: unknown;
  readonly key: string;
  readonly options: RunBodyOptions;
  /** What the container itself sees. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Durable steps and bodies of nodes: what has a record is answered from it. */
export class BodyRunner {
  readonly #runner: ExecutionRunner;
  /** Recorded values by node path, then by key. */
  readonly #recorded = new Map<string, Map<string, unknown>>();

  constructor(runner: ExecutionRunner, steps: readonly StepRecord[]) {
    this.#runner = runner;
    for (const { nodePath, key, value } of steps) this.#valuesOf(nodePath).set(key, value);
  }

  #valuesOf(nodePath: string): Map<string, unknown> {
    const values = this.#recorded.get(nodePath) ?? new Map<string, unknown>();
    this.#recorded.set(nodePath, values);
    return values;
  }

  #keep(step: StepRecord): void {
    this.#valuesOf(step.nodePath).set(step.key, step.value);
    this.#runner.pending.addStep(step);
  }

  // ── steps ──────────────────────────────────────────────────────────────────

  async runStep<Value>(attempt: NodeAttempt, name: string, run: () => Value | Promise<Value>): Promise<Value> {
    const runner = this.#runner;
    const key = `step:${nextStepKey(attempt, name)}`;
    const nodePath = attempt.path;
    const known = this.#recorded.get(nodePath);
    if (known?.has(key)) return known.get(key) as Value;
    requireActive(attempt);
    const returned = await run();
    requireActive(attempt);
    const value = toPlainJson(returned, { maxBytes: runner.services.limits.maxOutputBytes }) as Value;
    this.#keep({ nodePath, key, value });
    runner.emitNode("step.completed", runner.services.clock.now(), nodePath, attempt.number, { name, value });
    attempt.bodyMark = runner.ticket;
    if (runner.services.durability !== "outcome")
      await new Promise<void>((resolve) => runner.afterDurable(runner.ticket, resolve));
    return value;
  }

  // ── bodies ─────────────────────────────────────────────────────────────────

  runBody(params: RunBodyParams): Promise<unknown> {
    const { attempt, options } = params;
    const key = `body:${params.key}`;
    const known = this.#recorded.get(attempt.path);
    if (known?.has(key)) {
      const { output, variables } = known.get(key) as BodyRecord;
      if (variables !== undefined) options.onVariables?.(variables);
      return Promise.resolve(output);
    }
    try {
      requireActive(attempt);
      if (attempt.scope.state.drained && options.cleanup !== true && attempt.scope.state.phase === "draining")
        throw cancelled(attempt);
      return this.#startBody(params, key);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #startBody(
    { attempt, definition, input, key: scopeKey, options, variables }: RunBodyParams,
    key: string,
  ): Promise<unknown> {
    const runner = this.#runner;
    const { scope } = attempt;
    const plan = scope.plan.bodies.get(definition) ?? runner.services.planBody(definition);
    const deferred = createDeferred<unknown>();
    const body = new ScopeRunner({
      runner,
      plan,
      input: input === undefined ? {} : toPlainJson(input, { maxBytes: runner.services.limits.maxInputBytes }),
      prefix: `${attempt.path}${/^\[.*\]$/.test(scopeKey) ? scopeKey : `[${scopeKey}]`}/`,
      parent: { scope, attempt },
      baseVariables: Object.freeze({ ...variables, ...options.variables }),
      concurrency: concurrencyOf(plan.settings.maxConcurrency, scope.plan.settings.maxConcurrency, scope.concurrency),
      onEnded: (ended) =>
        this.#bodyEnded(ended, { attempt, key, options, resolve: deferred.resolve, reject: deferred.reject }),
    });
    attempt.bodies ??= new Set();
    attempt.bodies.add(body);
    if (options.cleanup === true) this.#limitCleanup(body);
    runner.beginScope(body);
    runner.pump();
    return deferred.promise;
  }

  #limitCleanup(body: ScopeRunner): void {
    const { timers, clock } = this.#runner.services;
    const limitMs = body.plan.settings.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS;
    body.cleanupTimer = timers.set(clock.now() + limitMs, () => body.dispatch({ type: "stop" }));
  }

  #bodyEnded(
    body: ScopeRunner,
    {
      attempt,
      key,
      options,
      resolve,
      reject,
    }: {
      attempt: NodeAttempt;
      key: string;
      options: RunBodyOptions;
      resolve: (value: unknown) => void;
      reject: (error: unknown) => void;
    },
  ): void {
    const runner = this.#runner;
    attempt.bodies?.delete(body);
    attempt.bodyMark = Math.max(attempt.bodyMark, body.maxMark);
    runner.keepBodyRecords(body.records);
    const { firstFailure, stopped, drained } = body.state;
    if (firstFailure !== undefined) {
      for (const record of body.records) if (record !== undefined) runner.seeds.set(record.path, record);
      return reject(toBodyError(firstFailure.error));
    }
    if (stopped || drained) return reject(cancelled(attempt));
    const output = scopeOutput(body.state);
    const variables = options.onVariables === undefined ? undefined : variablesOf(body);
    this.#keep({ nodePath: attempt.path, key, value: variables === undefined ? { output } : { output, variables } });
    if (variables !== undefined) options.onVariables?.(variables);
    resolve(output);
  }
}

interface BodyRecord {
  readonly output: unknown;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Equal names are numbered in order of call. */
function nextStepKey(attempt: NodeAttempt, name: string): string {
  attempt.stepCounts ??= new Map();
  const counts = attempt.stepCounts;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

/** A body with a limit of its own has its own count; otherwise it shares that of what surrounds it. */
function concurrencyOf(own: number | undefined, outer: number | undefined, shared: ScopeConcurrency): ScopeConcurrency {
  return own === undefined || own === outer ? shared : { limit: own, used: 0 };
}

/** Variables that the body's nodes set, in definition order. */
function variablesOf(body: ScopeRunner): Readonly<Record<string, unknown>> {
  const variables: Record<string, unknown> = {};
  for (const node of body.plan.order) Object.assign(variables, body.records[node]?.variables);
  return Object.freeze(variables);
}

function requireActive(attempt: NodeAttempt): void {
  if (attempt.isSettled || attempt.isAborted) throw cancelled(attempt);
}

function cancelled(attempt: NodeAttempt): AutomatrixError {
  return new AutomatrixError("node_cancelled", `Node "${attempt.path}" was told to stop.`);
}

function toBodyError(error: ErrorRecord): AutomatrixError {
  const { code, message, nodeId, attempt, details, cause } = error;
  return new AutomatrixError(code, message, {
    details: { nodeId, attempt, ...(details === undefined ? {} : { details }) },
    ...(cause === undefined ? {} : { cause }),
  });
}
