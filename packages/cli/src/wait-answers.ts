import type { Engine, ExecutionEvent } from "@automatrix/core";
import { DEFAULT_PERSON, decide, type PreparedDecision } from "./answers.js";
import { askApproval } from "./ask-approval.js";
import { printable } from "./printable.js";
import type { Progress } from "./progress/progress.js";
import type { Streams } from "./streams.js";

interface WaitAnswersParams {
  readonly engine: Engine;
  readonly decisions: readonly PreparedDecision[];
  readonly progress: Progress;
  readonly streams: Streams;
  /** Aborted when the execution ended: open questions are withdrawn. */
  readonly ended: AbortSignal;
}

/** What a `node.waiting` event says of the wait. */
interface WaitFacts {
  readonly kind?: string;
  readonly message?: string;
  readonly signal?: string;
}

/** Answers what nodes wait for: with a decision given beforehand, by asking, or by saying how to answer. */
export class WaitAnswers {
  readonly #params: WaitAnswersParams;
  /** One question at a time. */
  #lastQuestion: Promise<void> = Promise.resolve();

  constructor(params: WaitAnswersParams) {
    this.#params = params;
  }

  async answer(event: ExecutionEvent): Promise<void> {
    const { engine, decisions, progress, streams } = this.#params;
    const nodePath = event.nodeId ?? "";
    const wait = event.data as WaitFacts;
    const prepared = decisions.filter((decision) => decision.nodePath === nodePath);
    if (prepared.length > 0) await decide(engine, event.executionId, prepared);
    else if (wait.kind === "approval" && streams.inputIsTerminal && streams.errors.isTTY === true) {
      // Not awaited: the events that follow, such as a timeout, must go on being shown.
      this.#lastQuestion = this.#lastQuestion.then(() => this.#ask(event, wait.message ?? ""));
    } else {
      const hint = hintFor(nodePath, wait);
      if (hint !== undefined) progress.note(hint);
    }
  }

  /** Never rejects. */
  async #ask({ executionId, nodeId = "" }: ExecutionEvent, message: string): Promise<void> {
    const { engine, progress, ended } = this.#params;
    if (ended.aborted) return;
    progress.pause();
    try {
      const decision = await askApproval(printable(`${nodeId}: ${message}`), ended);
      if (decision === undefined) return;
      await decide(engine, executionId, [{ nodePath: nodeId, decision, by: DEFAULT_PERSON }]);
    } catch (error) {
      progress.note(`The decision was not taken: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      if (!ended.aborted) progress.resume();
    }
  }
}

function hintFor(nodePath: string, { kind, signal = "" }: WaitFacts): string | undefined {
  switch (kind) {
    case "approval":
      return `${nodePath} waits for an approval: start with --decide '${nodePath}=approve' (or reject), or cancel with Ctrl-C.`;
    case "signal":
      return `${nodePath} waits for the signal "${signal}": start with --signal '${signal}=JSON', or cancel with Ctrl-C.`;
    default:
      return undefined;
  }
}
