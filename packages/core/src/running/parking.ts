import { DEFAULT_PORT } from "../definition/node-type.js";
import { type ApprovalDecision, type Wait, type WaitOutcome, waitFactory } from "../definition/wait.js";
import { AutomatrixError, ExecutionError } from "../errors/errors.js";
import type { InboxItem, WaitRecord } from "../ports/storage.js";
import { NotSerializableError, toPlainJson } from "../shared/plain-json.js";
import type { ExecutionResult } from "./execution-result.js";
import type { ExecutionRunner } from "./execution-runner.js";
import type { ParkedNode } from "./parked-node.js";
import type { ScopeRunner } from "./scope-runner.js";

const TIMED_OUT_PORT = "timed_out";

/** Where an approval stands. */
export interface ApprovalAnswer {
  readonly status: "pending" | "approved" | "rejected";
  readonly decisions: readonly ApprovalDecision[];
}

/** The nodes of one execution that wait, and what has come for them. */
export class Parking {
  readonly #runner: ExecutionRunner;
  /** In order of parking: a signal resumes the oldest wait of its name. */
  readonly #parked = new Map<string, ParkedNode>();
  /** Signals that nobody waits for yet. */
  readonly #inbox: InboxItem[] = [];
  readonly #answers = new Map<string, ApprovalAnswer>();
  /** Waits of an earlier worker, by node path, until their nodes are reached again. */
  readonly #expected = new Map<string, WaitRecord>();
  #ordinal = 0;
  #children = 0;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  get size(): number {
    return this.#parked.size;
  }

  get hasChildren(): boolean {
    return this.#children > 0;
  }

  /** True when something is parked and every child among it waits too. */
  get isAllWaiting(): boolean {
    if (this.#parked.size === 0) return false;
    if (this.#children === 0) return true;
    for (const { wait, child } of this.#parked.values())
      if (wait.kind === "execution" && child?.status !== "waiting") return false;
    return true;
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

  park({ scope, node, wait }: { readonly scope: ScopeRunner; readonly node: number; readonly wait: Wait }): void {
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
      startedAt: scope.notesOf(node)?.firstStartedAt ?? at,
      endedAt: null,
    });
    runner.emitNode("node.waiting", at, path, attempts, toWaitData(record));
    scope.dispatch({ type: "parked", node });
    if (this.#parked.get(path) !== parked) return;
    if (record.resumeAt !== null) parked.timer = timers.set(record.resumeAt, () => this.#timeUp(parked));
    if (wait.kind === "execution") void this.#startChild(parked, wait);
    if (wait.kind === "signal") this.#deliverEarly(parked);
    runner.checkParked();
  }

  /** Keeps an unread item of an earlier worker. */
  keep(item: InboxItem): void {
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
  }: {
    readonly scope: ScopeRunner;
    readonly node: number;
    readonly record: WaitRecord;
    readonly attempts: number;
  }): void {
    const wait = toWait(record);
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
    if (record.childId !== null) void this.#followChild(parked, record.childId);
    if (wait.kind === "signal") this.#deliverEarly(parked);
    this.#runner.checkParked();
  }

  async #followChild(parked: ParkedNode, childId: string): Promise<void> {
    try {
      const child = await this.#runner.services.findChild(childId, () => this.#runner.childMoved());
      parked.child = child;
      this.#childEnded(parked, await child.result);
    } catch (error) {
      this.#failChild(parked, error);
    }
  }

  #toRecord(wait: Wait, nodePath: string, at: number): WaitRecord {
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
      childId: null,
      createdAt: at,
    };
  }

  #timeUp(parked: ParkedNode): void {
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

  receive(item: InboxItem): void {
    const runner = this.#runner;
    runner.emit("signal.received", { name: item.name, payload: item.payload });
    for (const parked of this.#parked.values()) {
      if (parked.wait.kind === "signal" && parked.wait.name === item.name) return this.#deliver(parked, item);
    }
    this.#inbox.push(item);
    runner.requestFlush();
  }

  #deliverEarly(parked: ParkedNode): void {
    const at = this.#inbox.findIndex(({ name }) => name === parked.record.signalName);
    if (at < 0) return;
    const [item] = this.#inbox.splice(at, 1);
    this.#deliver(parked, item as InboxItem);
  }

  #deliver(parked: ParkedNode, item: InboxItem): void {
    this.#runner.pending.readInbox(item.id);
    this.#resume(parked, { kind: "signal", payload: item.payload });
    this.#runner.requestFlush();
  }

  /** Takes a decision; each person counts once, a later one learns the outcome. */
  decide(nodePath: string, decision: ApprovalDecision): ApprovalAnswer {
    const parked = this.#parked.get(nodePath);
    if (parked === undefined || parked.wait.kind !== "approval") {
      const answer = this.#answers.get(nodePath);
      if (answer !== undefined) return answer;
      throw new ExecutionError(
        "wait_not_found",
        `Node "${nodePath}" of execution ${this.#runner.id} is not waiting for an approval.`,
      );
    }
    const { approvers, quorum } = parked.wait;
    if (approvers !== undefined && !approvers.includes(decision.by)) {
      throw new ExecutionError(
        "permission_denied",
        `"${decision.by}" is not among the approvers of node "${nodePath}".`,
      );
    }
    if (parked.decisions.some(({ by }) => by === decision.by))
      return { status: "pending", decisions: [...parked.decisions] };
    parked.decisions.push(decision);
    const decisions = Object.freeze([...parked.decisions]);
    const approvals = decisions.filter((one) => one.decision === "approve").length;
    const status = decision.decision === "reject" ? "rejected" : approvals >= quorum ? "approved" : "pending";
    if (status === "pending") {
      this.#runner.pending.addWait({
        ...parked.record,
        approval: { ...(parked.record.approval as NonNullable<WaitRecord["approval"]>), decisions },
      });
      this.#runner.requestFlush();
      return { status, decisions };
    }
    const answer: ApprovalAnswer = { status, decisions };
    this.#answers.set(nodePath, answer);
    this.#resume(parked, { kind: "approval", decision: status, by: decision.by, comment: decision.comment, decisions });
    return answer;
  }

  // ── children ───────────────────────────────────────────────────────────────

  async #startChild(parked: ParkedNode, wait: Extract<Wait, { kind: "execution" }>): Promise<void> {
    const runner = this.#runner;
    try {
      const child = await runner.services.startChild({
        parentId: runner.id,
        nodePath: parked.record.nodePath,
        target: wait.target,
        version: wait.version,
        input:
          wait.input === undefined ? {} : toPlainJson(wait.input, { maxBytes: runner.services.limits.maxInputBytes }),
        depth: runner.record.depth + 1,
        tenant: runner.info.tenant,
        priority: runner.priority,
        detached: wait.detach,
        onStatus: () => runner.childMoved(),
      });
      if (wait.detach)
        return this.#resume(parked, {
          kind: "execution",
          executionId: child.id,
          output: Object.freeze({ executionId: child.id }),
        });
      if (parked.isForgotten === true) return void (await child.cancel("The parent execution was cancelled."));
      parked.child = child;
      runner.pending.addWait({ ...parked.record, childId: child.id });
      this.#childEnded(parked, await child.result);
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

  #childEnded(parked: ParkedNode, result: ExecutionResult): void {
    if (result.status === "completed")
      return this.#resume(parked, { kind: "execution", executionId: result.id, output: result.output });
    const message = `Child execution ${result.id} ${result.status === "cancelled" ? "was cancelled" : `failed: ${result.error?.message ?? "unknown"}`}`;
    this.#failChild(
      parked,
      new AutomatrixError("child_failed", message, { details: { executionId: result.id }, cause: result.error }),
    );
  }

  #failChild(parked: ParkedNode, error: unknown): void {
    if (this.#runner.isEnded || this.#parked.get(parked.record.nodePath) !== parked) return;
    this.#remove(parked);
    this.#runner.wake();
    this.#runner.nodes.failNode(parked.scope, parked.node, error);
  }
}

/** The wait that a record stands for; a child is known by its id alone. */
function toWait({ kind, signalName, approval, childId }: WaitRecord): Wait {
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

function toWaitData({ kind, resumeAt, signalName, approval }: WaitRecord): unknown {
  return {
    kind,
    ...(resumeAt === null ? {} : { until: resumeAt }),
    ...(signalName === null ? {} : { signal: signalName }),
    ...(approval === null ? {} : { message: approval.message, approvers: approval.approvers, quorum: approval.quorum }),
  };
}
