import type { PlannedNode } from "../../execution/plan.js";
import type { ErrorRecord, NodeRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import { withDecision } from "./join-decision.js";

/** Writes what became of nodes, and keeps the tickets by which the durability of results is known. */
export class NodeRecords {
  readonly #runner: ExecutionRunner;
  #areCrashesForgotten = false;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** Keeps a result and writes it with the next commit. */
  add(scope: ScopeRunner, node: number, record: NodeRecord): void {
    const { writer, services } = this.#runner;
    scope.records[node] = record;
    writer.pending.nodes.push(record);
    const notes = scope.notesOf(node);
    const own = notes === undefined ? 0 : notes.hasEffects === true ? writer.ticket : (notes.bodyMark ?? 0);
    if (notes?.hasEffects === true) this.#forgetCrashes();
    const isStrict = services.durability === "strict";
    if (own === 0 && scope.maxMark === 0 && scope.parent === undefined && !isStrict) return;
    const mark = isStrict ? writer.ticket : Math.max(own, scope.requiredMark(node));
    scope.marks[node] = mark;
    if (mark > scope.maxMark) scope.maxMark = mark;
  }

  /**
   * A new result with effects: whoever died before did not die of this execution. Pure results do not count, since
   * they are worked out anew after each crash.
   */
  #forgetCrashes(): void {
    if (this.#areCrashesForgotten) return;
    this.#areCrashesForgotten = true;
    if (this.#runner.record.crashes > 0) this.#runner.writer.pending.patch({ crashes: 0 });
  }

  /** Takes over a result that is recorded. */
  restore(scope: ScopeRunner, node: number, record: NodeRecord): void {
    scope.records[node] = record;
    scope.dispatch({ type: "restored", node, record });
  }

  /** The node failed for good. */
  addFailure(scope: ScopeRunner, node: number): void {
    const { state } = scope;
    if (scope.records[node]?.status === "failed" || this.#isKnown(scope, node, "failed")) return;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const attempts = state.attempts[node] as number;
    const error = state.errors[node] as ErrorRecord;
    const handled = state.handled[node];
    const record: NodeRecord = {
      path,
      status: "failed",
      attempts,
      error,
      ...(handled === undefined ? {} : { handled, output: state.outputs[node] }),
      startedAt: this.#firstStart(scope, node) ?? at,
      endedAt: at,
    };
    this.add(scope, node, withDecision(scope, node, record));
    const data = handled === undefined ? { error } : { error, handled };
    this.#runner.writer.emitNode("node.failed", at, path, attempts, data);
  }

  addSkip(scope: ScopeRunner, node: number): void {
    if (this.#isKnown(scope, node, "skipped")) return;
    if (this.#runner.seeds.size > 0 && this.#addLost(scope, node)) return;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const skipReason = scope.state.skipReasons[node];
    const reason = skipReason === undefined ? {} : { skipReason };
    const record: NodeRecord = { path, status: "skipped", attempts: 0, ...reason, startedAt: null, endedAt: at };
    this.add(scope, node, skipReason === "disabled" ? withDecision(scope, node, record) : record);
    this.#runner.writer.emitNode("node.skipped", at, path, 0, { reason: skipReason });
  }

  addCancel(scope: ScopeRunner, node: number): void {
    if (this.#isKnown(scope, node, "cancelled")) return;
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const attempts = Math.max(1, scope.state.attempts[node] as number);
    this.#runner.nodes.timeouts.clearNode(scope, node);
    this.add(scope, node, {
      path,
      status: "cancelled",
      attempts,
      startedAt: this.#firstStart(scope, node) ?? at,
      endedAt: at,
    });
    this.#runner.writer.emitNode("node.cancelled", at, path, attempts, {});
  }

  /** Also of a node that an earlier worker began and that ends before it is reached again. */
  #firstStart(scope: ScopeRunner, node: number): number | null | undefined {
    return scope.notesOf(node)?.firstStartedAt ?? this.#runner.seeds.get(scope.pathOf(node))?.startedAt;
  }

  /** A once node in flight when its worker died, in a scope that is ending: it did start, and is not shown as skipped. */
  #addLost(scope: ScopeRunner, node: number): boolean {
    const { seeds, nodes, services, writer } = this.#runner;
    const seed = seeds.get(scope.pathOf(node));
    if (seed === undefined || !nodes.unknownOutcomes.wasInFlight(scope, node, seed)) return false;
    if (scope.state.stopped) {
      this.addCancel(scope, node);
      return true;
    }
    const { path, attempts, startedAt } = seed;
    const error = nodes.unknownOutcomes.toLostError(path, attempts);
    const endedAt = services.clock.now();
    this.add(scope, node, { path, status: "failed", attempts, error, startedAt, endedAt });
    writer.emitNode("node.failed", endedAt, path, attempts, { error });
    return true;
  }

  /** True when an earlier worker has recorded the same; the record is taken over. */
  #isKnown(scope: ScopeRunner, node: number, status: NodeRecord["status"]): boolean {
    const { seeds } = this.#runner;
    if (seeds.size === 0) return false;
    const seed = seeds.get(scope.pathOf(node));
    if (seed?.status !== status) return false;
    scope.records[node] = seed;
    return true;
  }
}

/** What `node.started` says; of an `any` or `quorum` join, also which sources decided it. */
export function startDataOf(scope: ScopeRunner, node: number): unknown {
  const { startData } = scope.plan.nodes[node] as PlannedNode;
  const edges = scope.state.decidedEdges?.get(node);
  if (edges === undefined) return startData;
  return {
    ...startData,
    sources: edges.map((edge) => scope.plan.nodes[scope.plan.graph.source[edge] as number]?.id),
  };
}
