import { AutomatrixError } from "../../errors/errors.js";
import type { NodeAttempt } from "./node-attempt.js";

/** @throws AutomatrixError `node_cancelled` when the attempt has its result, or was told to stop. */
export function requireActive(attempt: NodeAttempt): void {
  if (attempt.isSettled || attempt.isAborted) throw toStoppedError(attempt);
}

/**
 * A cleanup may begin after the time of the attempt is over too.
 * @throws AutomatrixError `node_cancelled` when the attempt has its result, or was told to stop for another reason.
 */
export function requireMayCleanUp(attempt: NodeAttempt): void {
  if (attempt.isSettled || attempt.timedOutWith === undefined) requireActive(attempt);
}

/** What a node gets that asks for something after it was told to stop. */
export function toStoppedError({ path }: NodeAttempt): AutomatrixError {
  return new AutomatrixError("node_cancelled", `Node "${path}" was told to stop.`);
}
