/**
 * The nodes of one execution that wait.
 *
 * A node returned a wait: parked, its wait written → its time comes, what it waits for comes, or its child ends:
 * resumed, and the outcome goes to its type or becomes its output → or it is forgotten, since its scope ends or it took
 * too long. After a crash, or outside memory, the waits of an earlier worker are expected until `transition` reaches
 * their nodes again; then they are restored.
 */
import type { WaitOutcome } from "../../definition/wait.js";
import type { Blocked, ErrorRecord, InboxItem, WaitRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { decisionOf } from "../node/join-decision.js";
import type { ScopeRunner } from "../scope/scope-runner.js";
import { ChildWaits } from "./child-waits.js";
import { Inbox } from "./inbox.js";
import type { ParkedNode } from "./parked-node.js";
import { completeFromWait } from "./wait-completion.js";
import { describeWait, toWait, toWaitData, toWaitRecord, type WaitDescription } from "./wait-record.js";

/** A node that is to wait. */
export interface ParkParams {
  readonly scope: ScopeRunner;
  readonly node: number;
  readonly wait: ParkedNode["wait"];
  readonly variables?: ParkedNode["variables"];
}

/** A node that waited when its execution was last in memory. */
export interface RestoreParams {
  readonly scope: ScopeRunner;
  readonly node: number;
  readonly record: WaitRecord;
  readonly attempts: number;
  readonly variables: ParkedNode["variables"];
  /** Of a node with an unknown outcome. */
  readonly error?: ErrorRecord | undefined;
}

/** Parks nodes, and resumes them. */
export class Parking {
  readonly inbox: Inbox;
  readonly children: ChildWaits;
  readonly #runner: ExecutionRunner;
  /** By node path, in order of parking: a signal resumes the oldest wait of its name. */
  readonly #parked = new Map<string, ParkedNode>();
  /** Waits of an earlier worker, by node path, until their nodes are reached again. */
  readonly #expected = new Map<string, WaitRecord>();
  #ordinal = 0;
  #childCount = 0;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
    this.inbox = new Inbox(runner, this);
    this.children = new ChildWaits(runner, this);
  }

  // ── what is parked ─────────────────────────────────────────────────────────

  get size(): number {
    return this.#parked.size;
  }

  get hasChildren(): boolean {
    return this.#childCount > 0;
  }

  parkedNodes(): Iterable<ParkedNode> {
    return this.#parked.values();
  }

  /** Waits whose nodes have not been reached again. */
  expectedWaits(): Iterable<WaitRecord> {
    return this.#expected.values();
  }

  /** True while this very wait goes on. */
  isParked(parked: ParkedNode): boolean {
    return this.#parked.get(parked.record.nodePath) === parked;
  }

  /** What the node of that path waits for, or will once it is reached again. */
  recordOf(nodePath: string): WaitRecord | undefined {
    return this.#parked.get(nodePath)?.record ?? this.#expected.get(nodePath);
  }

  /** True when a node in the bodies of this one will wait, once it is reached again, for a person to tell what happened. */
  isOutcomeUnknownIn(nodePath: string): boolean {
    for (const { kind, nodePath: inner } of this.#expected.values())
      if (kind === "unknown_outcome" && inner.startsWith(`${nodePath}[`)) return true;
    return false;
  }

  /** When a wait, a node's timeout or that of a container around it is due next; null when nothing but news moves anything. */
  get nextDueAt(): number | null {
    let next: number | null = null;
    for (const { record, scope, node } of this.#parked.values()) {
      // No time limit ends the wait for a person who alone can tell what happened.
      if (record.kind === "unknown_outcome") continue;
      for (const at of [record.resumeAt, this.#runner.nodes.timeouts.dueAtOf(scope, node)])
        if (at !== null && (next === null || at < next)) next = at;
    }
    return next;
  }

  /** True when something is parked and every child among it waits too. */
  get isAllWaiting(): boolean {
    if (this.#parked.size === 0 || this.children.isReading) return false;
    if (this.#childCount === 0) return true;
    for (const { wait, child } of this.#parked.values())
      if (wait.kind === "execution" && child?.status !== "waiting") return false;
    return true;
  }

  /** Why the execution cannot go on without a person: the node whose outcome has been unknown for longest. */
  get blocked(): Blocked | null {
    for (const { wait, record } of this.#parked.values())
      if (wait.kind === "unknown_outcome")
        return { code: wait.error.code, message: wait.error.message, nodeId: record.nodePath };
    return null;
  }

  /** What is waited for, for people. */
  describe(): readonly WaitDescription[] {
    return [...this.#parked.values()].map(({ record }) => describeWait(record));
  }

  /** While draining: a child that runs may finish; everything else that is parked ends. */
  mayBeCancelled(scope: ScopeRunner, node: number): boolean {
    const parked = this.#parked.get(scope.pathOf(node));
    return (
      parked !== undefined &&
      (parked.child === undefined ? parked.wait.kind !== "execution" : parked.child.status === "waiting")
    );
  }

  /** While draining: what a node of unknown outcome waits for, if it does. */
  unknownOutcomeOf(scope: ScopeRunner, node: number): ParkedNode | undefined {
    const parked = this.#parked.get(scope.pathOf(node));
    return parked?.wait.kind === "unknown_outcome" ? parked : undefined;
  }

  // ── parking ────────────────────────────────────────────────────────────────

  park({ scope, node, wait, variables }: ParkParams): void {
    const at = this.#runner.services.clock.now();
    const path = scope.pathOf(node);
    const record = toWaitRecord(wait, {
      executionId: this.#runner.id,
      nodePath: path,
      ordinal: this.#ordinal++,
      childId: wait.kind === "execution" ? this.#childIdOf(path) : null,
      at,
    });
    const parked: ParkedNode = {
      scope,
      node,
      wait,
      record,
      variables,
      timer: undefined,
      child: undefined,
      decisions: [],
    };
    this.#add(parked);
    this.#write(parked, at);
    scope.dispatch({ type: "parked", node });
    if (!this.isParked(parked)) return;
    this.#armTimer(parked);
    if (wait.kind === "execution") void this.children.start(parked, wait);
    this.inbox.deliverEarly();
    this.#runner.departure.check();
  }

  #add(parked: ParkedNode): void {
    this.#parked.set(parked.record.nodePath, parked);
    if (parked.wait.kind === "execution") this.#childCount++;
  }

  #write({ scope, node, wait, record, variables }: ParkedNode, at: number): void {
    const { writer } = this.#runner;
    const attempts = (scope.state.attempts[node] as number) + 1;
    writer.pending.addWait(record);
    writer.pending.nodes.push({
      path: record.nodePath,
      status: "waiting",
      attempts,
      ...(wait.kind === "unknown_outcome" ? { error: wait.error } : {}),
      ...(variables === undefined ? {} : { variables }),
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: null,
      ...decisionOf(scope, node),
    });
    writer.emitNode("node.waiting", at, record.nodePath, attempts, toWaitData(record, wait));
  }

  /** The same as before a crash, if it came before the child was created: so it is created once. */
  #childIdOf(nodePath: string): string {
    return this.takeExpected(nodePath)?.childId ?? this.#runner.services.ids.next();
  }

  #armTimer(parked: ParkedNode): void {
    const { resumeAt } = parked.record;
    if (resumeAt !== null) parked.timer = this.#runner.services.timers.set(resumeAt, () => this.#timeUp(parked));
  }

  #timeUp(parked: ParkedNode): void {
    // The execution is leaving memory: whoever goes on with it finds the wait overdue.
    if (this.#runner.departure.isLeaving) return;
    if (parked.wait.kind === "delay") this.resume(parked, { kind: "delay" });
    else this.resume(parked, { kind: "timed_out" });
  }

  /** Ends the waits whose time has come while the execution was about to leave. */
  catchUp(): void {
    const now = this.#runner.services.clock.now();
    for (const parked of [...this.#parked.values()])
      if (parked.record.resumeAt !== null && parked.record.resumeAt <= now) this.#timeUp(parked);
  }

  // ── waits of an earlier worker ─────────────────────────────────────────────

  /** Remembers what an earlier worker's node waited for. */
  expect(wait: WaitRecord): void {
    this.#expected.set(wait.nodePath, wait);
    this.#ordinal = Math.max(this.#ordinal, wait.ordinal + 1);
  }

  takeExpected(nodePath: string): WaitRecord | undefined {
    const wait = this.#expected.get(nodePath);
    this.#expected.delete(nodePath);
    return wait;
  }

  /** Goes on with a wait of an earlier worker: the same deadline, decisions and child. */
  restore({ scope, node, record, attempts, variables, error }: RestoreParams): void {
    const decisions = [...(record.approval?.decisions ?? [])];
    const wait = toWait(record, error);
    const parked: ParkedNode = { scope, node, wait, record, variables, timer: undefined, child: undefined, decisions };
    this.#add(parked);
    scope.dispatch({ type: "parked", node, attempts });
    if (!this.isParked(parked)) return;
    this.#armTimer(parked);
    if (record.childId !== null) parked.child = this.#runner.services.childOf(record.childId);
    this.inbox.deliverEarly();
    this.#runner.departure.check();
  }

  // ── news ───────────────────────────────────────────────────────────────────

  /** Something came. */
  receive(item: InboxItem): void {
    this.inbox.receive(item);
  }

  /** The wait ends with an outcome: the node's type goes on with it, or it becomes the node's output. */
  resume(parked: ParkedNode, outcome: WaitOutcome): void {
    const { scope, node } = parked;
    if (!this.isParked(parked)) return;
    this.end(parked, outcome.kind);
    if (scope.plan.nodes[node]?.type.resume !== undefined) {
      const notes = scope.noteOn(node);
      notes.outcome = outcome;
      notes.variables = parked.variables;
      scope.dispatch({ type: "resumed", node });
    } else completeFromWait(parked, outcome);
    this.#runner.starter.pump();
  }

  /** Ends a wait and says so; what follows is up to the caller. */
  end(parked: ParkedNode, outcome: string): void {
    const { departure, writer, services } = this.#runner;
    const { scope, node, record } = parked;
    this.remove(parked);
    departure.wake();
    const attempts = (scope.state.attempts[node] as number) + 1;
    writer.emitNode("node.resumed", services.clock.now(), record.nodePath, attempts, { outcome });
  }

  /** Under another ordinal: a second decision about this one would be taken for the same. */
  askAnew(parked: ParkedNode): void {
    parked.record = { ...parked.record, ordinal: this.#ordinal++ };
    this.#runner.writer.pending.addWait(parked.record);
  }

  /** Ends a wait without an outcome. */
  forget(scope: ScopeRunner, node: number, why: "cancelled" | "timed_out"): void {
    const path = scope.pathOf(node);
    const parked = this.#parked.get(path);
    if (parked === undefined) return this.#forgetExpected(path);
    this.remove(parked);
    parked.isForgotten = true;
    void parked.child
      ?.cancel(why === "cancelled" ? "The parent execution was cancelled." : "The parent node timed out.")
      .catch(() => {});
  }

  /** The wait of an earlier worker's node, which is not reached any more. */
  #forgetExpected(nodePath: string): void {
    const wait = this.takeExpected(nodePath);
    if (wait === undefined) return;
    const { writer, services } = this.#runner;
    writer.pending.endWait(nodePath);
    if (wait.childId === null) return;
    void services
      .childOf(wait.childId)
      .cancel("The parent execution was cancelled.")
      .catch(() => {});
  }

  /** Takes a node out, and its wait with the next commit. */
  remove(parked: ParkedNode): void {
    parked.timer?.cancel();
    this.#parked.delete(parked.record.nodePath);
    if (parked.wait.kind === "execution") this.#childCount--;
    this.#runner.writer.pending.endWait(parked.record.nodePath);
  }

  close(): void {
    for (const { timer } of this.#parked.values()) timer?.cancel();
    this.#parked.clear();
  }
}
