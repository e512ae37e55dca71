import type { EventDraft } from "../events/event.js";
import type {
  ExecutionCommit,
  ExecutionPatch,
  ExecutionRecord,
  NodeRecord,
  StepRecord,
  WaitRecord,
} from "../ports/storage.js";

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
  }

  endWait(nodePath: string): void {
    this.#endedWaits.push(nodePath);
  }

  readInbox(id: string): void {
    this.#readInbox.push(id);
  }

  patch(patch: ExecutionPatch): void {
    this.#patch = this.#patch === undefined ? patch : { ...this.#patch, ...patch };
  }

  /** Hands everything over and starts afresh. */
  take(executionId: string, epoch: number): ExecutionCommit {
    const commit: ExecutionCommit = {
      executionId,
      epoch,
      events: this.events,
      nodes: this.nodes,
      ...(this.create === undefined ? {} : { create: this.create }),
      ...(this.#patch === undefined ? {} : { patch: this.#patch }),
      ...(this.#steps.length === 0 ? {} : { steps: this.#steps }),
      ...(this.#waits.length === 0 ? {} : { waits: this.#waits }),
      ...(this.#endedWaits.length === 0 ? {} : { endedWaits: this.#endedWaits }),
      ...(this.#readInbox.length === 0 ? {} : { readInbox: this.#readInbox }),
    };
    this.events = [];
    this.nodes = [];
    this.create = undefined;
    this.#patch = undefined;
    this.#steps = [];
    this.#waits = [];
    this.#endedWaits = [];
    this.#readInbox = [];
    return commit;
  }
}
