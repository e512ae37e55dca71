import type { Engine, WaitRecord } from "@automatrix/core";
import { printable } from "../printable.js";
import type { Progress } from "../progress/progress.js";
import type { Streams } from "../streams.js";
import { DEFAULT_PERSON, decide, type PreparedDecision } from "./answers.js";
import { askApproval } from "./ask-approval.js";

interface WaitAnswersParams {
  readonly engine: Engine;
  readonly executionId: string;
  readonly decisions: readonly PreparedDecision[];
  readonly progress: Progress;
  readonly streams: Streams;
  /** What to say of a wait that nobody here can end; undefined to say nothing. */
  readonly hintFor: (wait: OpenWait) => string | undefined;
  /** Aborted when nobody follows the execution any more: open questions are withdrawn. */
  readonly ended: AbortSignal;
}

/** A wait, as far as it can be answered here. */
export interface OpenWait {
  readonly nodePath: string;
  readonly kind: WaitRecord["kind"];
  readonly signalName: string | null;
  /** Of an approval. */
  readonly message: string;
}

/** Whether a person sits here who can be asked. */
export function canAsk({ inputIsTerminal, errors }: Streams): boolean {
  return inputIsTerminal && errors.isTTY === true;
}

/** Answers what nodes wait for: with a decision given beforehand, by asking, or by saying how to answer. */
export class WaitAnswers {
  readonly #params: WaitAnswersParams;
  /** One question at a time. */
  #lastQuestion: Promise<void> = Promise.resolve();

  constructor(params: WaitAnswersParams) {
    this.#params = params;
  }

  async answer(wait: OpenWait): Promise<void> {
    const { engine, executionId, decisions, progress, streams, hintFor } = this.#params;
    const prepared = decisions.filter((decision) => decision.nodePath === wait.nodePath);
    if (prepared.length > 0) await decide(engine, executionId, prepared);
    else if (wait.kind === "approval" && canAsk(streams)) {
      // Not awaited: the events that follow, such as a timeout, must go on being shown.
      this.#lastQuestion = this.#lastQuestion.then(() => this.#ask(wait));
    } else {
      const hint = hintFor(wait);
      if (hint !== undefined) progress.note(hint);
    }
  }

  /** Never rejects. */
  async #ask({ nodePath, message }: OpenWait): Promise<void> {
    const { engine, executionId, progress, ended } = this.#params;
    if (ended.aborted) return;
    progress.pause();
    try {
      const decision = await askApproval(printable(`${nodePath}: ${message}`), ended);
      if (decision === undefined) return;
      await decide(engine, executionId, [{ nodePath, decision, by: DEFAULT_PERSON }]);
    } catch (error) {
      progress.note(`The decision was not taken: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      if (!ended.aborted) progress.resume();
    }
  }
}
