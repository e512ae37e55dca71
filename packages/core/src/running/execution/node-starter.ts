/**
 * Starts what is ready, as far as there are slots.
 *
 * A scope with ready nodes is queued. `pump` takes the nodes of the first queued scope by the plan's priority until
 * the scope has none left, or has no slot of its own: then it is blocked, until a node gives one back. Where the
 * process has no slot, everything waits for `slotFree`. After many starts the event loop gets a turn first.
 */
import { NODE } from "../../execution/scope-state.js";
import { createDeferred, type Deferred } from "../../shared/deferred.js";
import { beginCleanup } from "../scope/cleanup.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import type { SlotSeeker } from "../slots.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** Node starts before the event loop gets a turn. */
const MAX_STARTS_PER_TURN = 2_000;

/** The ready nodes of one execution, and the slots of those that run. */
export class NodeStarter implements SlotSeeker {
  readonly priority: number;
  /** Attempts that run now, without containers. */
  running = 0;
  readonly #runner: ExecutionRunner;
  readonly #readyScopes: ScopeRunner[] = [];
  #blockedScopes: ScopeRunner[] = [];
  #isPumping = false;
  #isDeferred = false;
  #isFrozen = false;
  #startsThisTurn = 0;
  #quiet: Deferred<void> | undefined;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.priority = runner.record.priority;
  }

  /** True when nothing runs and nothing is ready. */
  get isIdle(): boolean {
    return this.running === 0 && this.#readyScopes.length === 0;
  }

  /** True once nothing more starts. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** True when nothing runs and nothing can be started. */
  get isQuiet(): boolean {
    const { outcome, writer } = this.#runner;
    const isAtWork = !this.isIdle || this.#blockedScopes.length > 0;
    return !isAtWork && !this.#isFrozen && !outcome.isStopping && writer.durableTicket > 0;
  }

  /** A node of the scope is ready. */
  makeReady(scope: ScopeRunner, node: number): void {
    scope.ready.push(node);
    this.#queue(scope);
  }

  /** Remembers that the scope has ready nodes. */
  #queue(scope: ScopeRunner): void {
    if (scope.isQueued) return;
    scope.isQueued = true;
    this.#readyScopes.push(scope);
  }

  /** Starts whatever is ready while there are slots. */
  pump(): void {
    if (this.#isPumping) return;
    const runner = this.#runner;
    if (this.#isDeferred || this.#isFrozen) return runner.nodes.forgetInstant();
    this.#isPumping = true;
    while (this.#readyScopes.length > 0) {
      if (this.#startsThisTurn >= MAX_STARTS_PER_TURN) {
        this.#takeTurn();
        break;
      }
      if (!this.#startNext(this.#readyScopes[0] as ScopeRunner)) break;
    }
    this.#isPumping = false;
    runner.nodes.forgetInstant();
    if (!runner.isEnded && !runner.writer.pending.isEmpty) runner.writer.flushSoon();
    if (runner.handOver.isNeeded) runner.handOver.check();
    else if (runner.parking.size > 0) runner.departure.check();
  }

  /** Starts one node of the scope; false when no slot is free in this process. */
  #startNext(scope: ScopeRunner): boolean {
    const runner = this.#runner;
    const node = scope.ready.pop();
    if (node === undefined) {
      this.#readyScopes.shift();
      scope.isQueued = false;
      return true;
    }
    if (scope.state.status[node] !== NODE.ready) return true;
    if (runner.services.offers !== null && runner.handOver.keeps(scope, node)) return true;
    if (scope.state.phase === "cleanup") beginCleanup(scope);
    if (!scope.plan.nodes[node]?.isContainer) {
      if (scope.concurrency.used >= scope.concurrency.limit) {
        scope.ready.push(node);
        this.#block(scope);
        return true;
      }
      if (!runner.services.nodeSlots.tryAcquire()) {
        scope.ready.push(node);
        runner.services.nodeSlots.await(this);
        return false;
      }
      scope.concurrency.used++;
      this.running++;
    }
    this.#startsThisTurn++;
    runner.nodes.start(scope, node);
    return true;
  }

  /** The first queued scope has no slot: it waits until a node gives one back. */
  #block(scope: ScopeRunner): void {
    this.#readyScopes.shift();
    scope.isQueued = false;
    if (!this.#blockedScopes.includes(scope)) this.#blockedScopes.push(scope);
  }

  /** Starts a ready node whether there is a slot or not: one that must not wait for itself. */
  startAnyway(scope: ScopeRunner, node: number): void {
    this.#runner.services.nodeSlots.take();
    scope.concurrency.used++;
    this.running++;
    this.#runner.nodes.start(scope, node);
  }

  slotFree(): void {
    this.pump();
  }

  /** Work of a container's own, which takes no slot: while it is under way the execution is not idle. */
  async whileWorking<Value>(run: () => Value | Promise<Value>): Promise<Value> {
    this.running++;
    try {
      return await run();
    } finally {
      this.#ranOne();
      this.pump();
    }
  }

  #ranOne(): void {
    this.running--;
    if (this.running > 0 || this.#quiet === undefined) return;
    this.#quiet.resolve();
    this.#quiet = undefined;
  }

  /** A node gave its slot back. */
  releaseSlot(scope: ScopeRunner): void {
    this.#ranOne();
    scope.concurrency.used--;
    if (this.#blockedScopes.length > 0) {
      for (const blocked of this.#blockedScopes) this.#queue(blocked);
      this.#blockedScopes = [];
    }
    this.#runner.services.nodeSlots.release();
  }

  /** Starts nothing more; what runs may end. Resolves when nothing runs. */
  freeze(): Promise<void> {
    this.#isFrozen = true;
    if (this.running === 0 || this.#runner.isEnded) return Promise.resolve();
    this.#quiet ??= createDeferred<void>();
    return this.#quiet.promise;
  }

  close(): void {
    this.#runner.services.nodeSlots.forget(this);
  }

  #takeTurn(): void {
    this.#isDeferred = true;
    this.#runner.services.defer(() => {
      this.#isDeferred = false;
      this.#startsThisTurn = 0;
      this.pump();
    });
  }
}
