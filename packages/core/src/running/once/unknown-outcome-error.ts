import { AutomatrixError } from "../../errors/errors.js";
import { toErrorRecord } from "../../execution/error-record.js";
import type { LostCall } from "../attempt/node-attempt.js";

export interface UnknownOutcomeErrorParams {
  readonly path: string;
  readonly number: number;
  readonly lost: LostCall;
  /** Why it could not be found out. */
  readonly why: string;
}

/** Says what is unknown about an attempt; its `details.lostBy` is `crash` or `failure`. */
export function toUnknownOutcomeError({ path, number, lost, why }: UnknownOutcomeErrorParams): AutomatrixError {
  const how =
    lost.by === "crash" ? "its worker was lost while it ran" : `it ended with: ${toErrorRecord(lost.error).message}`;
  return new AutomatrixError(
    "unknown_outcome",
    `Whether attempt ${number} of node "${path}" took place is unknown (${how}; ${why}); decide with engine.resolveUnknown.`,
    { details: { lostBy: lost.by }, ...(lost.by === "crash" ? {} : { cause: lost.error }) },
  );
}
