import type { EventDraft } from "../../events/event.js";
import type { ExecutionCommit } from "../../ports/execution-commit.js";
import type {
  ExecutionPatch,
  ExecutionRecord,
  InboxItem,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "../../ports/execution-record.js";

/** What one execution has to write and has not handed to the storage yet. */
export class PendingCommit {
  events: EventDraft[] = [];
  nodes: NodeRecord[] = [];
  create: ExecutionRecord | undefined;
  #steps: StepRecord[] = [];
  #waits: WaitRecord[] = [];
  #endedWaits: string[] = [];
  #readInbox: string[] = [];
  #patch: ExecutionPatch | undefined;
  #deliver: NonNullable<ExecutionCommit["deliver"]> = [];
  #park: ExecutionCommit["park"];

  get isEmpty(): boolean {
    return (
      this.events.length === 0 &&
      this.nodes.length === 0 &&
      this.#steps.length === 0 &&
      this.#patch === undefined &&
      this.#readInbox.length === 0 &&
      this.#endedWaits.length === 0
    );
  }

  addStep(step: StepRecord): void {
    this.#steps.push(step);
  }

  addWait(wait: WaitRecord): void {
    this.#waits.push(wait);
    // A commit ends waits after it has written them: a node that parks again must not be taken for one that ended.
    if (this.#endedWaits.length > 0) this.#endedWaits = this.#endedWaits.filter((path) => path !== wait.nodePath);
  }

  endWait(nodePath: string): void {
    this.#endedWaits.push(nodePath);
  }

  readInbox(id: string): void {
    this.#readInbox.push(id);
  }

  /** Puts an item into the inbox of another execution together with this commit. */
  deliver(executionId: string, item: InboxItem): void {
    this.#deliver = [...this.#deliver, { executionId, item }];
  }

  /** The next commit gives the execution up. */
  park(park: NonNullable<ExecutionCommit["park"]>): void {
    this.#park = park;
  }

  patch(patch: ExecutionPatch): void {
    this.#patch = this.#patch === undefined ? patch : { ...this.#patch, ...patch };
  }

  /** Takes a refused commit back, in front of what came since, without its parking. */
  takeBack(commit: ExecutionCommit): void {
    this.events = [...(commit.events ?? []), ...this.events];
    this.nodes = [...(commit.nodes ?? []), ...this.nodes];
    this.create ??= commit.create;
    this.#steps = [...(commit.steps ?? []), ...this.#steps];
    const parkedAgain = new Set(this.#waits.map(({ nodePath }) => nodePath));
    const ended = (commit.endedWaits ?? []).filter((path) => !parkedAgain.has(path));
    this.#endedWaits = [...ended, ...this.#endedWaits];
    this.#waits = [...(commit.waits ?? []), ...this.#waits];
    this.#readInbox = [...(commit.readInbox ?? []), ...this.#readInbox];
    this.#deliver = [...(commit.deliver ?? []), ...this.#deliver];
    if (commit.patch !== undefined) this.#patch = { ...commit.patch, ...this.#patch };
  }

  /** Hands everything over and starts afresh. */
  take({
    executionId,
    epoch,
    afterSeq,
  }: {
    readonly executionId: string;
    readonly epoch: number;
    readonly afterSeq: number;
  }): ExecutionCommit {
    const commit: ExecutionCommit = {
      executionId,
      epoch,
      afterSeq,
      events: this.events,
      nodes: this.nodes,
      ...(this.create === undefined ? {} : { create: this.create }),
      ...(this.#patch === undefined ? {} : { patch: this.#patch }),
      ...(this.#steps.length === 0 ? {} : { steps: this.#steps }),
      ...(this.#waits.length === 0 ? {} : { waits: this.#waits }),
      ...(this.#endedWaits.length === 0 ? {} : { endedWaits: this.#endedWaits }),
      ...(this.#readInbox.length === 0 ? {} : { readInbox: this.#readInbox }),
      ...(this.#deliver.length === 0 ? {} : { deliver: this.#deliver }),
      ...(this.#park === undefined ? {} : { park: this.#park }),
    };
    this.events = [];
    this.nodes = [];
    this.create = undefined;
    this.#patch = undefined;
    this.#steps = [];
    this.#waits = [];
    this.#endedWaits = [];
    this.#readInbox = [];
    this.#deliver = [];
    this.#park = undefined;
    return commit;
  }
}
