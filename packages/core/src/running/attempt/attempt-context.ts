import type { ExecutionInfo, NodeContext, RunBodyOptions } from "../../definition/node-context.js";
import { waitFactory } from "../../definition/wait.js";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import { AutomatrixError } from "../../errors/errors.js";
import { incomingVariables, resolveInput, resolveInputList, resolveInputs } from "../../execution/inputs.js";
import { toVariableRecord } from "../../execution/variables.js";
import type { Logger } from "../../ports/logger.js";
import type { TransactionCallback } from "../commit/node-transaction.js";
import { ExpressionView } from "./expression-view.js";
import type { NodeAttempt } from "./node-attempt.js";
import { nodeHttp } from "./node-http.js";
import { createNodeLogger } from "./node-logger.js";
import { readCredential } from "./read-credential.js";

const NOTHING_LOOKED_AT = Symbol("nothing looked at");

/** What a node's function is given. Everything is made at first use, since most nodes use little. */
export class AttemptContext implements NodeContext {
  readonly #attempt: NodeAttempt;
  #input: unknown;
  #hasInput = false;
  #inputs: Readonly<Record<string, unknown>> | undefined;
  #vars: Readonly<Record<string, unknown>> | undefined;
  #nodes: Readonly<Record<string, { readonly output: unknown }>> | undefined;
  #attemptId: string | undefined;
  #logger: Logger | undefined;
  #http: NodeContext["http"] | undefined;

  constructor(attempt: NodeAttempt) {
    this.#attempt = attempt;
  }

  // biome-ignore lint/suspicious/noExplicitAny: see NodeContext
  get parameters(): any {
    return this.#attempt.parameters;
  }
  /** For expressions: null while the parameters themselves are being resolved. */
  get resolvedParameters(): unknown {
    return this.#attempt.parameters ?? null;
  }
  // biome-ignore lint/suspicious/noExplicitAny: see NodeContext
  get input(): any {
    if (!this.#hasInput) {
      const { scope, node } = this.#attempt;
      this.#input = resolveInput(scope.state, node.index, scope.input, () => this.inputs);
      this.#hasInput = true;
    }
    return this.#input;
  }
  /** The input if somebody has looked at it; otherwise something that equals nothing. */
  get knownInput(): unknown {
    return this.#hasInput ? this.#input : NOTHING_LOOKED_AT;
  }
  get inputs(): Readonly<Record<string, unknown>> {
    this.#inputs ??= resolveInputs(this.#attempt.scope.state, this.#attempt.node.index);
    return this.#inputs;
  }
  get inputList(): readonly (readonly [string, unknown])[] {
    return resolveInputList(this.#attempt.scope.state, this.#attempt.node.index);
  }
  get nodes(): Readonly<Record<string, { readonly output: unknown }>> {
    this.#nodes ??= this.#attempt.scope.nodeViews();
    return this.#nodes;
  }
  nodeView(id: string): { readonly output: unknown } | undefined {
    return this.#attempt.scope.nodeView(id);
  }
  get vars(): Readonly<Record<string, unknown>> {
    const { scope, node } = this.#attempt;
    this.#vars ??= toVariableRecord(scope.baseVariables, incomingVariables(scope.state, node.index));
    return this.#vars;
  }
  get trigger(): unknown {
    return this.#attempt.scope.trigger;
  }
  get execution(): ExecutionInfo {
    return this.#attempt.scope.runner.info;
  }
  get nodeId(): string {
    return this.#attempt.node.id;
  }
  get nodePath(): string {
    return this.#attempt.path;
  }
  get attempt(): number {
    return this.#attempt.number;
  }
  get attemptId(): string {
    this.#attemptId ??= this.newId();
    return this.#attemptId;
  }
  get idempotencyKey(): string {
    return `${this.#attempt.scope.runner.id}:${toHeaderText(this.nodePath)}`;
  }
  get signal(): AbortSignal {
    return this.#attempt.signal;
  }
  get logger(): Logger {
    this.#logger ??= createNodeLogger(this.#attempt);
    return this.#logger;
  }
  get wait() {
    return waitFactory;
  }
  get clock() {
    return this.#services.clock;
  }
  get random() {
    return this.#services.random;
  }
  get blobs() {
    return this.#services.blobs;
  }
  get cache() {
    return this.#services.cache;
  }
  get http() {
    this.#http ??= nodeHttp(this.#attempt, this.idempotencyKey);
    return this.#http;
  }
  newId(): string {
    return this.#services.ids.next();
  }

  get #services() {
    return this.#attempt.scope.runner.services;
  }

  // Functions are handed out as closures, so that a node may take them apart: `({ emit, step }) => …`.

  get progress() {
    const attempt = this.#attempt;
    return (fraction: number, message?: string): void => {
      if (attempt.isSettled) return;
      const bounded = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
      const { writer, mask } = attempt.scope.runner;
      const shown = mask === undefined || message === undefined ? message : mask.text(String(message));
      writer.emitLive(
        "progress",
        attempt,
        message === undefined ? { fraction: bounded } : { fraction: bounded, message: shown },
      );
    };
  }
  get stream() {
    const attempt = this.#attempt;
    return (chunk: unknown): void => {
      if (attempt.isSettled) return;
      const { writer, mask } = attempt.scope.runner;
      writer.emitLive("stream", attempt, { chunk: mask === undefined ? chunk : mask.value(chunk) });
    };
  }
  get credentials() {
    const attempt = this.#attempt;
    return (name: string): Promise<Readonly<Record<string, unknown>>> => readCredential(attempt, name);
  }
  get step() {
    const attempt = this.#attempt;
    return <Value>(name: string, run: () => Value | Promise<Value>): Promise<Value> =>
      attempt.transaction?.isOpen === true
        ? Promise.reject(transactionIsOpen(attempt, "ctx.step"))
        : attempt.scope.runner.steps.run(attempt, name, run);
  }
  get transaction() {
    const attempt = this.#attempt;
    return <Value>(run: TransactionCallback<Value>): Promise<Value> =>
      attempt.scope.runner.nodes.transactions.run(attempt, run) as Promise<Value>;
  }
  get setVariables() {
    const attempt = this.#attempt;
    return (variables: Readonly<Record<string, unknown>>): void => {
      attempt.variables = { ...attempt.variables, ...variables };
    };
  }
  get emit() {
    const attempt = this.#attempt;
    return (port: string, value: unknown): void => {
      attempt.emitted ??= new Map();
      attempt.emitted.set(port, value);
    };
  }
  get evaluate() {
    const attempt = this.#attempt;
    return (parameter: string, extra?: Readonly<Record<string, unknown>>): unknown =>
      attempt.node.parameters.evaluate(parameter, new ExpressionView(this, extra), extra);
  }
  get runBody() {
    const attempt = this.#attempt;
    return (
      definition: WorkflowDefinition,
      input: unknown,
      key: string,
      options: RunBodyOptions = {},
    ): Promise<unknown> =>
      attempt.transaction?.isOpen === true
        ? Promise.reject(transactionIsOpen(attempt, "ctx.runBody"))
        : attempt.scope.runner.bodies.run({ attempt, definition, input, key, options, variables: this.vars });
  }
}

/** A step is durable before it resolves, and no other commit gets through until the transaction has ended. */
function transactionIsOpen({ path }: NodeAttempt, what: string): AutomatrixError {
  return new AutomatrixError(
    "transaction_misused",
    `Node "${path}" used ${what} while its transaction was open; use it before ctx.transaction.`,
  );
}

/** The same for the same path, and fit for a header, whatever ids nodes have. */
function toHeaderText(path: string): string {
  return path.replace(/[^!-$&-~]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
