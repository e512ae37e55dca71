import type { WaitOutcome } from "../../definition/wait.js";
import type { ScopeCommand } from "../../execution/command.js";
import type { ScopeEvent } from "../../execution/event.js";
import type { ExecutionPlan } from "../../execution/plan.js";
import { createScopeState, NODE, type ScopeState } from "../../execution/scope-state.js";
import { transition } from "../../execution/transition.js";
import type { NodeRecord } from "../../ports/execution-record.js";
import { IntHeap } from "../../shared/int-heap.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { Timer } from "../timers.js";
import { performCommand } from "./perform-command.js";

/** How many nodes may run at once in a scope; bodies share that of what surrounds them unless they set their own. */
export interface ScopeConcurrency {
  readonly limit: number;
  used: number;
}

export interface ScopeRunnerParams {
  readonly runner: ExecutionRunner;
  readonly plan: ExecutionPlan;
  readonly input: unknown;
  /** Path of the scope with its closing slash, such as `loop[3]/`; empty for the execution itself. */
  readonly prefix: string;
  readonly parent?: { readonly scope: ScopeRunner; readonly attempt: NodeAttempt };
  readonly baseVariables: Readonly<Record<string, unknown>>;
  /** What stands in for the execution's input; undefined when nothing does. */
  readonly trigger?: unknown;
  readonly concurrency: ScopeConcurrency;
  /** Called when everything in it is settled. */
  readonly onEnded: (scope: ScopeRunner) => void;
}

/** What few nodes need: kept apart, so that the many cost nothing. */
export interface NodeNotes {
  /** Start of its first attempt, when there was more than one or it was parked. */
  firstStartedAt?: number;
  /** Start of a container's attempt that an earlier worker began and that goes on. */
  attemptStartedAt?: number | undefined;
  /** It did something to the world. */
  hasEffects?: boolean;
  /** Ticket of the newest result with effects in its bodies. */
  bodyMark?: number;
  /** Ticket of what was written about its last attempt. */
  retryMark?: number;
  retry?: Timer | undefined;
  timeout?: Timer | undefined;
  /** What it waited for has come; its type decides what follows. */
  outcome?: WaitOutcome | undefined;
  /** What it set before it waited for that. */
  variables?: Readonly<Record<string, unknown>> | undefined;
}

/** One run of one plan: holds its state, what is ready, and the attempts in flight. Decides nothing itself. */
export class ScopeRunner {
  readonly runner: ExecutionRunner;
  readonly plan: ExecutionPlan;
  readonly state: ScopeState;
  readonly input: unknown;
  readonly prefix: string;
  readonly parent: ScopeRunnerParams["parent"];
  readonly baseVariables: Readonly<Record<string, unknown>>;
  readonly concurrency: ScopeConcurrency;
  readonly ready: IntHeap;
  /** Attempts in flight, by node. */
  readonly attempts: (NodeAttempt | undefined)[] = [];
  /** By node. */
  readonly records: NodeRecord[] = [];
  /** Tickets of the newest result with effects among a node and its ancestors; empty while there is none. */
  readonly marks: number[] = [];
  maxMark = 0;
  isQueued = false;
  cleanupTimer: Timer | undefined;
  readonly onEnded: (scope: ScopeRunner) => void;
  readonly #trigger: unknown;
  readonly #commands: ScopeCommand[] = [];
  #isDispatching = false;
  #notes: Map<number, NodeNotes> | undefined;

  constructor(params: ScopeRunnerParams) {
    this.runner = params.runner;
    this.plan = params.plan;
    this.state = createScopeState(params.plan, params.input);
    this.input = params.input;
    this.prefix = params.prefix;
    this.parent = params.parent;
    this.baseVariables = params.baseVariables;
    this.concurrency = params.concurrency;
    this.ready = new IntHeap(params.plan.rank);
    this.onEnded = params.onEnded;
    this.#trigger = params.trigger;
  }

  /** What is kept about a node beside its state, if anything. */
  notesOf(node: number): NodeNotes | undefined {
    return this.#notes?.get(node);
  }

  /** The same, made if need be. */
  noteOn(node: number): NodeNotes {
    this.#notes ??= new Map();
    let notes = this.#notes.get(node);
    if (notes === undefined) {
      notes = {};
      this.#notes.set(node, notes);
    }
    return notes;
  }

  allNotes(): Iterable<readonly [number, NodeNotes]> {
    return this.#notes ?? [];
  }

  pathOf(node: number): string {
    return this.prefix + (this.plan.nodes[node]?.id as string);
  }

  get isEnded(): boolean {
    return this.state.phase === "ended";
  }

  /** Applies an event and performs what follows from it. */
  dispatch(event: ScopeEvent): void {
    transition(this.state, event, this.#commands);
    if (this.#isDispatching || this.#commands.length === 0) return;
    this.#isDispatching = true;
    const commands = this.#commands;
    for (let next = 0; next < commands.length; next++) performCommand(this, commands[next] as ScopeCommand);
    // Popping keeps the list's memory for the next time; setting the length to 0 would drop it, at every step.
    while (commands.length > 0) commands.pop();
    this.#isDispatching = false;
  }

  /** The execution's input, unless something stands in for it here or around. */
  get trigger(): unknown {
    if (this.#trigger !== undefined) return this.#trigger;
    return this.parent === undefined ? this.runner.input : this.parent.scope.trigger;
  }

  /** A node as expressions and `ctx.nodes` see it: this scope first, then what surrounds it. */
  nodeView(id: string): { readonly output: unknown } | undefined {
    const node = this.plan.indexOf.get(id);
    if (node === undefined) return this.parent?.scope.nodeView(id);
    return this.#view(node);
  }

  nodeViews(): Readonly<Record<string, { readonly output: unknown }>> {
    const views: Record<string, { readonly output: unknown }> = { ...this.parent?.scope.nodeViews() };
    for (const { id, index } of this.plan.nodes) {
      if ((this.state.status[index] as number) >= NODE.completed) views[id] = this.#view(index);
    }
    return Object.freeze(views);
  }

  #view(node: number): { readonly output: unknown } {
    const error = this.state.errors[node];
    const isSkipped = this.state.status[node] === NODE.skipped;
    const output = isSkipped ? null : (this.state.outputs[node] ?? null);
    return error === undefined || this.state.status[node] !== NODE.failed
      ? { output }
      : ({ output, error } as { readonly output: unknown });
  }

  /** Ticket that must be durable before a node with effects may start: that of all its ancestors. */
  requiredMark(node: number): number {
    const { inStart, inEdges, source } = this.plan.graph;
    let mark = this.parent?.attempt.bodyMark ?? 0;
    if (this.marks.length === 0) return mark;
    for (let at = inStart[node] as number; at < (inStart[node + 1] as number); at++) {
      const other = this.marks[source[inEdges[at] as number] as number] ?? 0;
      if (other > mark) mark = other;
    }
    return mark;
  }
}
