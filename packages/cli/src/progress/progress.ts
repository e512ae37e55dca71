import type { ExecutionEvent } from "@automatrix/core";

/** Shows how an execution moves, on standard error. */
export interface Progress {
  /** Takes one event of the execution. */
  show(event: ExecutionEvent): void;
  /** Takes an event of before this command: where nodes stand is known from it, and it is no news. */
  recall(event: ExecutionEvent): void;
  /** Prints a line of its own. */
  note(text: string): void;
  /** Leaves the screen alone until `resume`, while somebody is asked something. */
  pause(): void;
  resume(): void;
  /** Shows the last state and stops. */
  end(): void;
}

/** Shows nothing. */
export const silentProgress: Progress = {
  show: () => {},
  recall: () => {},
  note: () => {},
  pause: () => {},
  resume: () => {},
  end: () => {},
};
