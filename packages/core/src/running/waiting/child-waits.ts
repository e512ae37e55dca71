/**
 * Nodes that wait for an execution of their own.
 *
 * Parked → the wait is durable → the child is started → it ends, and its parent finds that in its inbox → its output is
 * read → the node is resumed. A parent that goes on elsewhere finds the id of the child in the wait's record, and so
 * starts no second one.
 */
import type { Wait } from "../../definition/wait.js";
import { AutomatrixError, StorageError } from "../../errors/errors.js";
import type { InboxItem } from "../../ports/execution-record.js";
import { NotSerializableError, toPlainJson } from "../../shared/plain-json.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { ChildExecution } from "../services.js";
import { type ChildEnded, toChildError } from "./child-ended.js";
import type { ParkedNode } from "./parked-node.js";
import type { Parking } from "./parking.js";

type ExecutionWait = Extract<Wait, { kind: "execution" }>;

/** Before the storage is asked again for what a child needs. */
const STORAGE_PAUSE_MS = 1_000;

/** Starts children and takes their ends. */
export class ChildWaits {
  readonly #runner: ExecutionRunner;
  readonly #parking: Parking;
  /** Ends of children whose outputs are on their way: their items are neither unread nor read. */
  #reading = 0;

  constructor(runner: ExecutionRunner, parking: Parking) {
    this.#runner = runner;
    this.#parking = parking;
  }

  /** True while the output of a child that has ended is on its way. */
  get isReading(): boolean {
    return this.#reading > 0;
  }

  async start(parked: ParkedNode, wait: ExecutionWait): Promise<void> {
    const { writer, departure } = this.#runner;
    try {
      // A child that runs while its parent does not know of it would be started again after a crash.
      await new Promise<void>((resolve) => writer.afterDurable(writer.ticket, resolve));
      if (!this.#parking.isParked(parked)) return;
      const child = await this.#create(parked, wait);
      if (child === undefined) return;
      if (wait.detach) {
        const output = Object.freeze({ executionId: child.id });
        return this.#parking.resume(parked, { kind: "execution", executionId: child.id, output });
      }
      if (parked.isForgotten === true) return void (await child.cancel("The parent execution was cancelled."));
      parked.child = child;
      departure.childMoved();
    } catch (error) {
      this.#fail(parked, error instanceof NotSerializableError ? toInputError(parked, error) : error);
    }
  }

  /** Nothing once nobody waits for it. */
  async #create(parked: ParkedNode, wait: ExecutionWait): Promise<ChildExecution | undefined> {
    const { id, services, record, info, priority, mask } = this.#runner;
    const plain = wait.input === undefined ? {} : toPlainJson(wait.input, { maxBytes: services.limits.maxInputBytes });
    const input = mask === undefined ? plain : mask.json(plain);
    return this.#insist(parked, () =>
      services.startChild({
        parentId: id,
        nodePath: parked.record.nodePath,
        target: wait.target,
        version: wait.version,
        input,
        depth: record.depth + 1,
        tenant: info.tenant,
        priority,
        detached: wait.detach,
        distributed: wait.distribute,
        childId: parked.record.childId as string,
      }),
    );
  }

  /** Asks the storage again while it does not answer: that is no fault of the node. Nothing once nobody waits for it. */
  async #insist<Answer>(parked: ParkedNode, call: () => Promise<Answer>): Promise<Answer | undefined> {
    const { timers, clock } = this.#runner.services;
    while (this.#parking.isParked(parked)) {
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
  async ended(parked: ParkedNode, item: InboxItem): Promise<void> {
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
    runner.writer.pending.readInbox(item.id);
    if (failure === undefined) this.#parking.resume(parked, { kind: "execution", executionId, output });
    else this.#fail(parked, failure);
    runner.writer.requestFlush();
  }

  #fail(parked: ParkedNode, error: unknown): void {
    if (this.#runner.isEnded || !this.#parking.isParked(parked)) return;
    this.#parking.remove(parked);
    this.#runner.departure.wake();
    this.#runner.nodes.failNode(parked.scope, parked.node, error);
  }
}

function toInputError({ record }: ParkedNode, cause: NotSerializableError): AutomatrixError {
  return new AutomatrixError("invalid_input", `The input for the child of "${record.nodePath}" is not JSON.`, {
    cause,
  });
}
