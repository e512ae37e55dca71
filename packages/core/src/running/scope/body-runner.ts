import type { RunBodyOptions } from "../../definition/node-context.js";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import { BodyError } from "../../execution/body-error.js";
import { scopeOutput } from "../../execution/scope-output.js";
import { createDeferred } from "../../shared/deferred.js";
import { toPlainJson } from "../../shared/plain-json.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import { requireActive, requireMayCleanUp, toStoppedError } from "../attempt/require-active.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { limitCleanupBody } from "./cleanup.js";
import type { RecordedValues } from "./recorded-values.js";
import { type ScopeConcurrency, ScopeRunner } from "./scope-runner.js";

export interface RunBodyParams {
  readonly attempt: NodeAttempt;
  readonly definition: WorkflowDefinition;
  readonly input: unknown;
  readonly key: string;
  readonly options: RunBodyOptions;
  /** What the container itself sees. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Runs the bodies of nodes: what has a record is answered from it. */
export class BodyRunner {
  readonly #runner: ExecutionRunner;
  readonly #recorded: RecordedValues;

  constructor(runner: ExecutionRunner, recorded: RecordedValues) {
    this.#runner = runner;
    this.#recorded = recorded;
  }

  /** Resolves to the output of the body; rejects with its first failure that nothing handled. */
  run(params: RunBodyParams): Promise<unknown> {
    const { attempt, options } = params;
    const key = `body:${params.key}`;
    const known = this.#recorded.find(attempt.path, key);
    if (known !== undefined) {
      const { output, variables } = known.value as BodyRecord;
      if (variables !== undefined) options.onVariables?.(variables);
      return Promise.resolve(output);
    }
    try {
      if (options.cleanup === true) requireMayCleanUp(attempt);
      else requireActive(attempt);
      if (attempt.scope.state.drained && options.cleanup !== true && attempt.scope.state.phase === "draining")
        throw toStoppedError(attempt);
      return this.#start(params, key);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #start(
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
      trigger: options.trigger,
      concurrency: concurrencyOf(plan.settings.maxConcurrency, scope.plan.settings.maxConcurrency, scope.concurrency),
      onEnded: (ended) =>
        this.#ended(ended, { attempt, key, options, resolve: deferred.resolve, reject: deferred.reject }),
    });
    attempt.bodies ??= new Set();
    attempt.bodies.add(body);
    if (options.cleanup === true) limitCleanupBody(body);
    runner.beginScope(body);
    runner.starter.pump();
    return deferred.promise;
  }

  #ended(
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
    runner.nodes.timeouts.bodyEnded(attempt);
    attempt.bodyMark = Math.max(attempt.bodyMark, body.maxMark);
    runner.outcome.keepBodyRecords(body.records);
    const { firstFailure, stopped, drained } = body.state;
    if (firstFailure !== undefined) {
      for (const record of body.records) if (record !== undefined) runner.seeds.set(record.path, record);
      return reject(new BodyError(firstFailure.error));
    }
    if (stopped || drained) return reject(toStoppedError(attempt));
    // The output of a body without nodes is its input, which no node has given out.
    const output = runner.mask === undefined ? scopeOutput(body.state) : runner.mask.json(scopeOutput(body.state));
    const variables = options.onVariables === undefined ? undefined : variablesOf(body);
    this.#recorded.add({
      nodePath: attempt.path,
      key,
      value: variables === undefined ? { output } : { output, variables },
    });
    if (variables !== undefined) options.onVariables?.(variables);
    resolve(output);
  }
}

interface BodyRecord {
  readonly output: unknown;
  readonly variables?: Readonly<Record<string, unknown>>;
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
