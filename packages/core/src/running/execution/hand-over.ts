/**
 * Hands an execution over to a worker that offers what it needs.
 *
 * A node whose type has tags that this engine does not offer is never started here. From the moment at which the first
 * of them is ready, nothing else starts either, but nodes with tags that are offered: some worker was chosen for them.
 * So each worker that gets the execution brings it on. Once nothing runs any more, what has happened is written together
 * with the tags of the first such node (`requires`), the execution is queued again, and its lease is given back.
 * When those nodes are settled before that by something else, such as a failure, everything goes on here.
 */
import { NODE } from "../../execution/scope-state.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { ExecutionRunner } from "./execution-runner.js";

interface ReadyNode {
  readonly scope: ScopeRunner;
  readonly node: number;
}

export class HandOver {
  readonly #runner: ExecutionRunner;
  /** Ready, and to be started by another worker. */
  #elsewhere: ReadyNode[] = [];
  /** Ready, and not started since the execution is to leave. */
  #held: ReadyNode[] = [];
  #isCheckPending = false;
  #isUnderWay = false;
  #isDone = false;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** True while a node is ready that another worker has to start. */
  get isNeeded(): boolean {
    return this.#elsewhere.length > 0;
  }

  /** True once the execution has left for a worker that offers what it needs. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** True when this ready node is not to be started here now; it is remembered. */
  keeps(scope: ScopeRunner, node: number): boolean {
    const { services, seeds } = this.#runner;
    const { offers } = services;
    const tags = scope.plan.nodes[node]?.tags ?? [];
    const isOffered = offers === null || tags.every((tag) => offers.has(tag));
    if (isOffered && (tags.length > 0 || !this.isNeeded)) return false;
    // It waits, and waits on wherever it is; or what it waited for has come, and is known here alone.
    if (scope.notesOf(node)?.outcome !== undefined || seeds.get(scope.pathOf(node))?.status === "waiting") return false;
    (isOffered ? this.#held : this.#elsewhere).push({ scope, node });
    return true;
  }

  /** Looks, once things have calmed down, whether it is time to leave. */
  check(): void {
    if (!this.isNeeded || this.#isCheckPending || this.#isUnderWay) return;
    this.#isCheckPending = true;
    this.#runner.services.defer(() => {
      this.#isCheckPending = false;
      this.#elsewhere = this.#elsewhere.filter(isStillReady);
      if (this.#runner.isEnded) return;
      if (!this.isNeeded) this.#goOnHere();
      else if (this.#runner.starter.isQuiet) this.#begin();
    });
  }

  #goOnHere(): void {
    const held = this.#held;
    this.#held = [];
    for (const { scope, node } of held) if (isStillReady({ scope, node })) this.#runner.starter.makeReady(scope, node);
    this.#runner.starter.pump();
  }

  #begin(): void {
    const runner = this.#runner;
    const [{ scope, node }] = this.#elsewhere as [ReadyNode];
    const requires = scope.plan.nodes[node]?.tags ?? [];
    this.#isUnderWay = true;
    void runner.starter.freeze();
    runner.writer.pending.patch({ status: "queued", requires });
    runner.writer.emit("execution.waiting", { waits: [], isClockStopped: false, requires, nodeId: scope.pathOf(node) });
    runner.writer.afterEverything(() => this.#leave());
  }

  /** Whatever came in the meantime is let end and written first. */
  #leave(): void {
    const runner = this.#runner;
    if (runner.isEnded) return;
    if (runner.starter.running > 0)
      void runner.starter.freeze().then(() => runner.writer.afterEverything(() => this.#leave()));
    else if (!runner.writer.pending.isEmpty) runner.writer.afterEverything(() => this.#leave());
    else {
      this.#isDone = true;
      runner.isStray = true;
      runner.leave();
    }
  }
}

function isStillReady({ scope, node }: ReadyNode): boolean {
  return scope.state.status[node] === NODE.ready;
}
