import { DEFAULT_PORT } from "../definition/node-type.js";
import { type ApprovalDecision, type Wait, type WaitOutcome, waitFactory } from "../definition/wait.js";
import { AutomatrixError, StorageError } from "../errors/errors.js";
import { judgeApproval, ordinalOfApproval } from "../execution/approval.js";
import type { Blocked, ErrorRecord, InboxItem, WaitRecord } from "../ports/execution-record.js";
import { NotSerializableError, toPlainJson } from "../shared/plain-json.js";
import type { ExecutionRunner } from "./execution-runner.js";
import type { ParkedNode } from "./parked-node.js";
import type { ScopeRunner } from "./scope-runner.js";

const TIMED_OUT_PORT = "timed_out";
/** Before the storage is asked again for what a child needs. */
const STORAGE_PAUSE_MS = 1_000;

/** The nodes of one execution that wait, and what has come for them. */
export class Parking {
  readonly #runner: ExecutionRunner;
  /** In order of parking: a signal resumes the oldest wait of its name. */
  readonly #parked = new Map<string, ParkedNode>();
  /** What came and is not read: nobody waits for it yet. */
  readonly #inbox: InboxItem[] = [];
  /** Ids of everything that came, so that what is told twice counts once. */
  readonly #seen = new Set<string>();
  /** Waits of an earlier worker, by node path, until their nodes are reached again. */
  readonly #expected = new Map<string, WaitRecord>();
  #ordinal = 0;
  #children = 0;
  /** Ends of children whose outputs are on their way: their items are neither unread nor read. */
  #reading = 0;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  get size(): number {
    return this.#parked.size;
  }

  /** Ids of items that came and are not read. */
  get unreadIds(): readonly string[] {
    return this.#inbox.map(({ id }) => id);
  }

  /** When a wait or a node's timeout is due next; null when nothing but news moves anything. */
  get nextDueAt(): number | null {
    let next: number | null = null;
    for (const { record, scope, node } of this.#parked.values()) {
      // No time limit ends the wait for a person who alone can tell what happened.
      if (record.kind === "unknown_outcome") continue;
      for (const at of [record.resumeAt, this.#runner.nodes.timeoutAtOf(scope, node)])
        if (at !== null && (next === null || at < next)) next = at;
    }
    return next;
  }

  get hasChildren(): boolean {
    return this.#children > 0;
  }

  /** True when something is parked and every child among it waits too. */
  get isAllWaiting(): boolean {
    if (this.#parked.size === 0 || this.#reading > 0) return false;
    if (this.#children === 0) return true;
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
  describe(): readonly {
    readonly nodeId: string;
    readonly kind: string;
    readonly until: number | null;
    readonly signal?: string;
  }[] {
    return [...this.#parked.values()].map(({ record }) => ({
      nodeId: record.nodePath,
      kind: record.kind,
      until: record.resumeAt,
      ...(record.signalName === null ? {} : { signal: record.signalName }),
    }));
  }

  // ── parking ────────────────────────────────────────────────────────────────

  park({
    scope,
    node,
    wait,
  }: {
    readonly scope: ScopeRunner;
    readonly node: number;
    readonly wait: ParkedNode["wait"];
  }): void {
    const runner = this.#runner;
    const { clock, timers } = runner.services;
    const at = clock.now();
    const path = scope.pathOf(node);
    const record = this.#toRecord(wait, path, at);
    const parked: ParkedNode = { scope, node, wait, record, timer: undefined, child: undefined, decisions: [] };
    this.#parked.set(path, parked);
    if (wait.kind === "execution") this.#children++;
    const attempts = (scope.state.attempts[node] as number) + 1;
    runner.pending.addWait(record);
    runner.pending.nodes.push({
      path,
      status: "waiting",
      attempts,
      ...(wait.kind === "unknown_outcome" ? { error: wait.error } : {}),
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: null,
    });
    runner.emitNode("node.waiting", at, path, attempts, toWaitData(record, wait));
    scope.dispatch({ type: "parked", node });
    if (this.#parked.get(path) !== parked) return;
    if (record.resumeAt !== null) parked.timer = timers.set(record.resumeAt, () => this.#timeUp(parked));
    if (wait.kind === "execution") void this.#startChild(parked, wait);
    this.#deliverEarly();
    runner.checkParked();
  }

  /** Keeps an unread item of an earlier worker, until the node that it is for is reached. */
  keep(item: InboxItem): void {
    this.#seen.add(item.id);
    this.#inbox.push(item);
  }

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
  restore({
    scope,
    node,
    record,
    attempts,
    error,
  }: {
    readonly scope: ScopeRunner;
    readonly node: number;
    readonly record: WaitRecord;
    readonly attempts: number;
    /** Of a node with an unknown outcome. */
    readonly error?: ErrorRecord | undefined;
  }): void {
    const wait = toWait(record, error);
    const parked: ParkedNode = {
      scope,
      node,
      wait,
      record,
      timer: undefined,
      child: undefined,
      decisions: [...(record.approval?.decisions ?? [])],
    };
    this.#parked.set(record.nodePath, parked);
    if (wait.kind === "execution") this.#children++;
    scope.dispatch({ type: "parked", node, attempts });
    if (this.#parked.get(record.nodePath) !== parked) return;
    if (record.resumeAt !== null)
      parked.timer = this.#runner.services.timers.set(record.resumeAt, () => this.#timeUp(parked));
    if (record.childId !== null) parked.child = this.#runner.services.childOf(record.childId);
    this.#deliverEarly();
    this.#runner.checkParked();
  }

  #toRecord(wait: ParkedNode["wait"], nodePath: string, at: number): WaitRecord {
    const limitMs =
      wait.kind === "delay"
        ? wait.delayMs
        : wait.kind === "signal"
          ? wait.timeoutMs
          : wait.kind === "approval"
            ? wait.deadlineMs
            : undefined;
    return {
      executionId: this.#runner.id,
      nodePath,
      kind: wait.kind,
      ordinal: this.#ordinal++,
      resumeAt: limitMs === undefined ? null : at + limitMs,
      signalName: wait.kind === "signal" ? wait.name : null,
      approval:
        wait.kind === "approval"
          ? { message: wait.message, approvers: wait.approvers ?? null, quorum: wait.quorum, decisions: [] }
          : null,
      childId: wait.kind === "execution" ? this.#childIdOf(nodePath) : null,
      createdAt: at,
    };
  }

  /** The same as before a crash, if it came before the child was created: so it is created once. */
  #childIdOf(nodePath: string): string {
    return this.takeExpected(nodePath)?.childId ?? this.#runner.services.ids.next();
  }

  #timeUp(parked: ParkedNode): void {
    // The execution is leaving memory: whoever goes on with it finds the wait overdue.
    if (this.#runner.isLeaving) return;
    if (parked.wait.kind === "delay") this.#resume(parked, { kind: "delay" });
    else this.#resume(parked, { kind: "timed_out" });
  }

  /** Ends a wait without an outcome. */
  forget(scope: ScopeRunner, node: number, why: "cancelled" | "timed_out"): void {
    const parked = this.#parked.get(scope.pathOf(node));
    if (parked === undefined) return;
    this.#remove(parked);
    parked.isForgotten = true;
    void parked.child
      ?.cancel(why === "cancelled" ? "The parent execution was cancelled." : "The parent node timed out.")
      .catch(() => {});
  }

  /** Ends the waits whose time has come while the execution was about to leave. */
  catchUp(): void {
    const now = this.#runner.services.clock.now();
    for (const parked of [...this.#parked.values()])
      if (parked.record.resumeAt !== null && parked.record.resumeAt <= now) this.#timeUp(parked);
  }

  #remove(parked: ParkedNode): void {
    parked.timer?.cancel();
    this.#parked.delete(parked.record.nodePath);
    if (parked.wait.kind === "execution") this.#children--;
    this.#runner.pending.endWait(parked.record.nodePath);
  }

  /** While draining: a child that runs may finish; everything else that is parked ends. */
  mayBeCancelled(scope: ScopeRunner, node: number): boolean {
    const parked = this.#parked.get(scope.pathOf(node));
    return (
      parked !== undefined &&
      (parked.child === undefined ? parked.wait.kind !== "execution" : parked.child.status === "waiting")
    );
  }

  close(): void {
    for (const { timer } of this.#parked.values()) timer?.cancel();
    this.#parked.clear();
  }

  // ── resuming ───────────────────────────────────────────────────────────────

  #resume(parked: ParkedNode, outcome: WaitOutcome): void {
    const runner = this.#runner;
    const { scope, node, record } = parked;
    if (this.#parked.get(record.nodePath) !== parked) return;
    this.#remove(parked);
    runner.wake();
    const attempts = (scope.state.attempts[node] as number) + 1;
    runner.emitNode("node.resumed", runner.services.clock.now(), record.nodePath, attempts, { outcome: outcome.kind });
    if (scope.plan.nodes[node]?.type.resume !== undefined) {
      scope.noteOn(node).outcome = outcome;
      scope.dispatch({ type: "resumed", node });
    } else this.#complete(parked, outcome);
    runner.pump();
  }

  /** The outcome becomes the node's output. */
  #complete({ scope, node, record, wait }: ParkedNode, outcome: WaitOutcome): void {
    const planned = scope.plan.nodes[node] as (typeof scope.plan.nodes)[number];
    if (outcome.kind === "timed_out" && !hasEdgeFrom(scope, node, TIMED_OUT_PORT)) {
      const what = wait.kind === "signal" ? `signal "${wait.name}"` : "approval";
      return this.#runner.nodes.failNode(
        scope,
        node,
        new AutomatrixError("wait_timed_out", `Node "${record.nodePath}" waited for the ${what} until its deadline.`),
      );
    }
    const wanted =
      outcome.kind === "timed_out" ? TIMED_OUT_PORT : outcome.kind === "approval" ? outcome.decision : DEFAULT_PORT;
    this.#runner.nodes.complete(scope, node, {
      output: toOutput(outcome),
      port: outcome.kind !== "approval" || planned.ports.includes(wanted) ? wanted : DEFAULT_PORT,
      attempts: (scope.state.attempts[node] as number) + 1,
      startedAt: scope.notesOf(node)?.firstStartedAt ?? record.createdAt,
    });
  }

  // ── signals and approvals ──────────────────────────────────────────────────

  /** Something came. What is told twice counts once. */
  receive(item: InboxItem): void {
    if (this.#seen.has(item.id)) return;
    this.#seen.add(item.id);
    const parked = this.#oldestFor(item);
    if (parked !== undefined) this.#deliver(parked, item);
    else if (this.#isStale(item)) this.#drop(item);
    else this.#inbox.push(item);
  }

  /** Reads decisions about unknown outcomes that nobody waits for any more. */
  dropStale(): void {
    for (let at = this.#inbox.length - 1; at >= 0; at--)
      if (this.#isStale(this.#inbox[at] as InboxItem)) this.#drop(this.#inbox.splice(at, 1)[0] as InboxItem);
  }

  /** A decision is about one park of one node: it is not kept for a later one. */
  #isStale({ kind, name }: InboxItem): boolean {
    if (kind !== "resolve_unknown") return false;
    return (this.#parked.get(name)?.record ?? this.#expected.get(name))?.kind !== "unknown_outcome";
  }

  #drop(item: InboxItem): void {
    const runner = this.#runner;
    runner.services.logger.warn("A decision about an unknown outcome came for a node that does not wait for one.", {
      executionId: runner.id,
      nodeId: item.name,
    });
    runner.pending.readInbox(item.id);
    runner.requestFlush();
  }

  /** The oldest node that waits for it; none while an older one that waits for it has not been reached again. */
  #oldestFor(item: InboxItem): ParkedNode | undefined {
    let oldest: ParkedNode | undefined;
    for (const parked of this.#parked.values()) {
      if (this.#isFor(parked, item) && (oldest === undefined || parked.record.ordinal < oldest.record.ordinal))
        oldest = parked;
    }
    if (item.kind !== "signal" || oldest === undefined) return oldest;
    for (const { signalName, ordinal } of this.#expected.values())
      if (signalName === item.name && ordinal < oldest.record.ordinal) return undefined;
    return oldest;
  }

  #isFor({ wait, record }: ParkedNode, item: InboxItem): boolean {
    switch (item.kind) {
      case "signal":
        return wait.kind === "signal" && wait.name === item.name;
      case "approval":
        return (
          wait.kind === "approval" && record.nodePath === item.name && ordinalOfApproval(item.key) === record.ordinal
        );
      case "child_ended":
        return record.childId !== null && record.childId === (item.payload as ChildEnded).executionId;
      case "resolve_unknown":
        return record.kind === "unknown_outcome" && record.nodePath === item.name;
    }
  }

  /** What came before its node parked, the oldest first; several decisions may be among it. */
  #deliverEarly(): void {
    for (let at = 0; at < this.#inbox.length; ) {
      const item = this.#inbox[at] as InboxItem;
      const parked = this.#oldestFor(item);
      if (parked === undefined) at++;
      else {
        this.#inbox.splice(at, 1);
        this.#deliver(parked, item);
      }
    }
  }

  /** Reads the item in the commit that also has what follows from it. */
  #deliver(parked: ParkedNode, item: InboxItem): void {
    const runner = this.#runner;
    if (item.kind === "child_ended") return void this.#childEnded(parked, item);
    runner.pending.readInbox(item.id);
    switch (item.kind) {
      case "signal":
        runner.emit("signal.received", { name: item.name, payload: item.payload });
        this.#resume(parked, { kind: "signal", payload: item.payload });
        break;
      case "approval":
        this.#count(parked, item.payload as ApprovalDecision);
        break;
      case "resolve_unknown":
        this.#resolveUnknown(parked, item.payload);
        break;
    }
    runner.requestFlush();
  }

  #resolveUnknown(parked: ParkedNode, payload: unknown): void {
    const runner = this.#runner;
    const { scope, node, record } = parked;
    const decision = runner.nodes.unknownOutcomes.decide(parked, payload);
    if (decision === undefined) {
      // Asked anew, under another ordinal: a second decision about this one would be taken for the same.
      parked.record = { ...record, ordinal: this.#ordinal++ };
      return runner.pending.addWait(parked.record);
    }
    this.#remove(parked);
    runner.wake();
    const attempts = (scope.state.attempts[node] as number) + 1;
    runner.emitNode("node.resumed", runner.services.clock.now(), record.nodePath, attempts, { outcome: decision.kind });
    decision.apply();
    runner.pump();
  }

  /** While draining: what a node of unknown outcome waits for, if it does. */
  unknownOutcomeOf(scope: ScopeRunner, node: number): ParkedNode | undefined {
    const parked = this.#parked.get(scope.pathOf(node));
    return parked?.wait.kind === "unknown_outcome" ? parked : undefined;
  }

  #count(parked: ParkedNode, decision: ApprovalDecision): void {
    const approval = parked.record.approval as NonNullable<WaitRecord["approval"]>;
    parked.decisions.push(decision);
    const { status, decisions } = judgeApproval(parked.decisions, approval.quorum);
    if (status === "pending") {
      parked.record = { ...parked.record, approval: { ...approval, decisions } };
      return this.#runner.pending.addWait(parked.record);
    }
    const { by, comment } = decision;
    this.#resume(parked, { kind: "approval", decision: status, by, comment, decisions: Object.freeze(decisions) });
  }

  // ── children ───────────────────────────────────────────────────────────────

  async #startChild(parked: ParkedNode, wait: Extract<Wait, { kind: "execution" }>): Promise<void> {
    const runner = this.#runner;
    try {
      // A child that runs while its parent does not know of it would be started again after a crash.
      await new Promise<void>((resolve) => runner.afterDurable(runner.ticket, resolve));
      if (this.#parked.get(parked.record.nodePath) !== parked) return;
      const input =
        wait.input === undefined ? {} : toPlainJson(wait.input, { maxBytes: runner.services.limits.maxInputBytes });
      const child = await this.#insist(parked, () =>
        runner.services.startChild({
          parentId: runner.id,
          nodePath: parked.record.nodePath,
          target: wait.target,
          version: wait.version,
          input,
          depth: runner.record.depth + 1,
          tenant: runner.info.tenant,
          priority: runner.priority,
          detached: wait.detach,
          childId: parked.record.childId as string,
        }),
      );
      if (child === undefined) return;
      if (wait.detach)
        return this.#resume(parked, {
          kind: "execution",
          executionId: child.id,
          output: Object.freeze({ executionId: child.id }),
        });
      if (parked.isForgotten === true) return void (await child.cancel("The parent execution was cancelled."));
      parked.child = child;
      runner.childMoved();
    } catch (error) {
      const failure =
        error instanceof NotSerializableError
          ? new AutomatrixError(
              "invalid_input",
              `The input for the child of "${parked.record.nodePath}" is not JSON.`,
              { cause: error },
            )
          : error;
      this.#failChild(parked, failure);
    }
  }

  /** Asks the storage again while it does not answer: that is no fault of the node. Nothing once nobody waits for it. */
  async #insist<Answer>(parked: ParkedNode, call: () => Promise<Answer>): Promise<Answer | undefined> {
    const { timers, clock } = this.#runner.services;
    while (this.#parked.get(parked.record.nodePath) === parked) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        await new Promise<void>((resolve) => timers.set(clock.now() + STORAGE_PAUSE_MS, resolve));
      }
    }
    return undefined;
  }

  /** The item is read in the same commit as what follows from it, so only once the output is at hand. */
  async #childEnded(parked: ParkedNode, item: InboxItem): Promise<void> {
    const runner = this.#runner;
    const { executionId, status } = item.payload as ChildEnded;
    this.#reading++;
    let output: unknown;
    let failure: unknown;
    try {
      if (status === "completed") output = await this.#insist(parked, () => runner.services.outputOf(executionId));
      else failure = toChildError(item.payload as ChildEnded);
    } catch (cause) {
      failure = cause;
    }
    this.#reading--;
    if (runner.isEnded) return;
    runner.pending.readInbox(item.id);
    if (failure === undefined) this.#resume(parked, { kind: "execution", executionId, output });
    else this.#failChild(parked, failure);
    runner.requestFlush();
  }

  #failChild(parked: ParkedNode, error: unknown): void {
    if (this.#runner.isEnded || this.#parked.get(parked.record.nodePath) !== parked) return;
    this.#remove(parked);
    this.#runner.wake();
    this.#runner.nodes.failNode(parked.scope, parked.node, error);
  }
}

/** What a child execution puts into its parent's inbox when it ends. */
export interface ChildEnded {
  readonly executionId: string;
  readonly status: "completed" | "failed" | "cancelled";
  readonly error: ErrorRecord | null;
}

function toChildError({ executionId, status, error }: ChildEnded): AutomatrixError {
  const what = status === "cancelled" ? "was cancelled" : `failed: ${error?.message ?? "unknown"}`;
  return new AutomatrixError("child_failed", `Child execution ${executionId} ${what}`, {
    details: { executionId },
    ...(error === null ? {} : { cause: error }),
  });
}

/** The wait that a record stands for; a child is known by its id alone. */
function toWait(
  { nodePath, kind, signalName, approval, childId }: WaitRecord,
  error: ErrorRecord | undefined,
): ParkedNode["wait"] {
  switch (kind) {
    case "delay":
      return waitFactory.delay(0);
    case "signal":
      return waitFactory.signal(signalName as string);
    case "approval": {
      const { message, approvers, quorum } = approval as NonNullable<WaitRecord["approval"]>;
      return waitFactory.approval({ message, quorum, ...(approvers === null ? {} : { approvers }) });
    }
    case "execution":
      return waitFactory.execution(childId ?? "");
    case "unknown_outcome": {
      const message = `Whether node "${nodePath}" took place is unknown; decide with engine.resolveUnknown.`;
      return { kind, error: error ?? { code: kind, message } };
    }
  }
}

function hasEdgeFrom(scope: ScopeRunner, node: number, port: string): boolean {
  const { graph, edgePort } = scope.plan;
  for (let at = graph.outStart[node] as number; at < (graph.outStart[node + 1] as number); at++) {
    if (edgePort[graph.outEdges[at] as number] === port) return true;
  }
  return false;
}

function toOutput(outcome: WaitOutcome): unknown {
  switch (outcome.kind) {
    case "signal":
      return outcome.payload;
    case "execution":
      return outcome.output;
    case "approval": {
      const { decision, by, comment, decisions } = outcome;
      return Object.freeze({ decision, by, comment, decisions });
    }
    default:
      return null;
  }
}

function toWaitData({ kind, resumeAt, signalName, approval }: WaitRecord, wait: ParkedNode["wait"]): unknown {
  return {
    kind,
    ...(wait.kind === "unknown_outcome" ? { error: wait.error } : {}),
    ...(resumeAt === null ? {} : { until: resumeAt }),
    ...(signalName === null ? {} : { signal: signalName }),
    ...(approval === null ? {} : { message: approval.message, approvers: approval.approvers, quorum: approval.quorum }),
  };
}
