/** Plays the shell for one scope: applies commands of the pure transition without time, threads or storage. */
import { DEFAULT_LIMITS } from "../../src/definition/limits.js";
import { NodeRegistry } from "../../src/definition/node-registry.js";
import type { NodeType } from "../../src/definition/node-type.js";
import type { SkipReason } from "../../src/definition/status.js";
import type { WorkflowDefinition } from "../../src/definition/workflow-definition.js";
import type { ScopeCommand } from "../../src/execution/command.js";
import type { ScopeEvent } from "../../src/execution/event.js";
import { compilePlan, type ExecutionPlan } from "../../src/execution/plan.js";
import { createScopeState, NODE, type ScopeState } from "../../src/execution/scope-state.js";
import { transition } from "../../src/execution/transition.js";

/** Compiles without validating, so that a test may look at joins that validation refuses. */
export function planOf(definition: WorkflowDefinition, types: readonly NodeType[]): ExecutionPlan {
  return compilePlan(definition, { registry: new NodeRegistry(types), limits: DEFAULT_LIMITS });
}

export class ScopePlay {
  readonly plan: ExecutionPlan;
  readonly state: ScopeState;
  /** Nodes skipped before and after the first unhandled failure. */
  readonly skippedBefore: number[] = [];
  readonly skippedAfter: number[] = [];
  /** Unhandled failures at the moment when the `always` nodes got their turn; those may fail too. */
  failedBeforeCleanup: readonly number[] | undefined;
  /** Starts of each node, attempts after the first not counted. */
  readonly starts: number[];
  endings = 0;

  constructor(plan: ExecutionPlan, input: unknown = {}) {
    this.plan = plan;
    this.state = createScopeState(plan, input);
    this.starts = plan.nodes.map(() => 0);
  }

  send(event: ScopeEvent): void {
    const commands: ScopeCommand[] = [];
    transition(this.state, event, commands);
    if (this.state.phase === "cleanup" || this.state.phase === "ended") this.failedBeforeCleanup ??= this.#failed();
    for (const command of commands) this.#note(command);
  }

  #failed(): readonly number[] {
    const isFailed = (node: number) => this.statusOf(node) === NODE.failed && this.state.handled[node] === undefined;
    return [...this.state.status.keys()].filter(isFailed);
  }

  #note(command: ScopeCommand): void {
    if (command.type === "skip")
      (this.state.firstFailure === undefined ? this.skippedBefore : this.skippedAfter).push(command.node);
    else if (command.type === "ended") this.endings += 1;
    else if (command.type === "drain" && this.state.status[command.node] === NODE.parked) {
      this.send({ type: "node_cancelled", node: command.node });
    }
  }

  begin(): void {
    this.send({ type: "begin" });
  }

  start(node: number): void {
    if (this.state.attempts[node] === 0) this.starts[node] = (this.starts[node] as number) + 1;
    this.send({ type: "started", node });
  }

  complete(node: number, output: unknown, port: string | readonly string[] = "default"): void {
    this.send({ type: "completed", node, output, port });
  }

  fail(node: number, { isTransient = false }: { readonly isTransient?: boolean } = {}): void {
    const attempt = (this.state.attempts[node] as number) + 1;
    const error = { code: "node_failed", message: "scripted" };
    const retryability = isTransient ? "transient" : "never";
    this.send({ type: "attempt_failed", node, attempt, error, retryability, retryAfterMs: undefined, random: 0 });
  }

  statusOf(node: number): number {
    return this.state.status[node] as number;
  }

  reasonOf(node: number): SkipReason | undefined {
    return this.state.skipReasons[node];
  }
}
