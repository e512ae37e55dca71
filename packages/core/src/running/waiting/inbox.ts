/**
 * What came for an execution: signals, decisions, ends of children.
 *
 * An item is seen once, however often it is told. It goes to the oldest node that waits for it, and is read in the
 * commit that also has what follows from it. While nobody waits for it, it is kept; a decision about an unknown outcome
 * is not, since it is about one park of one node.
 */
import type { ApprovalDecision } from "../../definition/wait.js";
import { judgeApproval, ordinalOfApproval } from "../../execution/approval.js";
import type { InboxItem, WaitRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import { toUnknownDecision } from "../once/unknown-decision.js";
import type { ChildEnded } from "./child-ended.js";
import type { ParkedNode } from "./parked-node.js";
import type { Parking } from "./parking.js";

/** Hands what comes to the nodes that wait for it. */
export class Inbox {
  readonly #runner: ExecutionRunner;
  readonly #parking: Parking;
  /** What came and is not read: nobody waits for it yet. */
  readonly #unread: InboxItem[] = [];
  /** Ids of everything that came, so that what is told twice counts once. */
  readonly #seen = new Set<string>();

  constructor(runner: ExecutionRunner, parking: Parking) {
    this.#runner = runner;
    this.#parking = parking;
  }

  /** Ids of items that came and are not read. */
  get unreadIds(): readonly string[] {
    return this.#unread.map(({ id }) => id);
  }

  /** Keeps an unread item of an earlier worker, until the node that it is for is reached. */
  keep(item: InboxItem): void {
    this.#seen.add(item.id);
    this.#unread.push(item);
  }

  /** Something came. What is told twice counts once. */
  receive(item: InboxItem): void {
    if (this.#seen.has(item.id)) return;
    this.#seen.add(item.id);
    const parked = this.#oldestFor(item);
    if (parked !== undefined) this.#deliver(parked, item);
    else if (this.#isStale(item)) this.#drop(item);
    else this.#unread.push(item);
  }

  /** Hands over what came before its node parked, the oldest first; several decisions may be among it. */
  deliverEarly(): void {
    for (let at = 0; at < this.#unread.length; ) {
      const item = this.#unread[at] as InboxItem;
      const parked = this.#oldestFor(item);
      if (parked === undefined) at++;
      else {
        this.#unread.splice(at, 1);
        this.#deliver(parked, item);
      }
    }
  }

  /** Reads decisions about unknown outcomes that nobody waits for any more. */
  dropStale(): void {
    for (let at = this.#unread.length - 1; at >= 0; at--)
      if (this.#isStale(this.#unread[at] as InboxItem)) this.#drop(this.#unread.splice(at, 1)[0] as InboxItem);
  }

  /** A decision is about one park of one node: it is not kept for a later one. */
  #isStale({ kind, name }: InboxItem): boolean {
    return kind === "resolve_unknown" && this.#parking.recordOf(name)?.kind !== "unknown_outcome";
  }

  #drop(item: InboxItem): void {
    const { id, services, writer } = this.#runner;
    services.logger.warn("A decision about an unknown outcome came for a node that does not wait for one.", {
      executionId: id,
      nodeId: item.name,
    });
    writer.pending.readInbox(item.id);
    writer.requestFlush();
  }

  /** The oldest node that waits for it; none while an older one that waits for it has not been reached again. */
  #oldestFor(item: InboxItem): ParkedNode | undefined {
    let oldest: ParkedNode | undefined;
    for (const parked of this.#parking.parkedNodes()) {
      if (isFor(parked, item) && (oldest === undefined || parked.record.ordinal < oldest.record.ordinal))
        oldest = parked;
    }
    if (item.kind !== "signal" || oldest === undefined) return oldest;
    for (const { signalName, ordinal } of this.#parking.expectedWaits())
      if (signalName === item.name && ordinal < oldest.record.ordinal) return undefined;
    return oldest;
  }

  /** Reads the item in the commit that also has what follows from it. */
  #deliver(parked: ParkedNode, item: InboxItem): void {
    const { writer } = this.#runner;
    if (item.kind === "child_ended") return void this.#parking.children.ended(parked, item);
    writer.pending.readInbox(item.id);
    switch (item.kind) {
      case "signal":
        writer.emit("signal.received", { name: item.name, payload: item.payload });
        this.#parking.resume(parked, { kind: "signal", payload: item.payload });
        break;
      case "approval":
        this.#count(parked, item.payload as ApprovalDecision);
        break;
      case "resolve_unknown":
        this.#resolveUnknown(parked, item.payload);
        break;
    }
    writer.requestFlush();
  }

  #count(parked: ParkedNode, decision: ApprovalDecision): void {
    const approval = parked.record.approval as NonNullable<WaitRecord["approval"]>;
    parked.decisions.push(decision);
    const { status, decisions } = judgeApproval(parked.decisions, approval.quorum);
    if (status === "pending") {
      parked.record = { ...parked.record, approval: { ...approval, decisions } };
      return this.#runner.writer.pending.addWait(parked.record);
    }
    const { by, comment } = decision;
    this.#parking.resume(parked, {
      kind: "approval",
      decision: status,
      by,
      comment,
      decisions: Object.freeze(decisions),
    });
  }

  #resolveUnknown(parked: ParkedNode, payload: unknown): void {
    const decision = toUnknownDecision(parked, payload);
    if (decision === undefined) return this.#parking.askAnew(parked);
    this.#parking.end(parked, decision.kind);
    decision.apply();
    this.#runner.starter.pump();
  }
}

function isFor({ wait, record }: ParkedNode, item: InboxItem): boolean {
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
