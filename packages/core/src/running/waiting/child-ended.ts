import { AutomatrixError } from "../../errors/errors.js";
import type { ErrorRecord } from "../../ports/execution-record.js";

/** What a child execution puts into its parent's inbox when it ends. */
export interface ChildEnded {
  readonly executionId: string;
  readonly status: "completed" | "failed" | "cancelled";
  readonly error: ErrorRecord | null;
}

/** What the parent's node fails with, when its child did not complete. */
export function toChildError({ executionId, status, error }: ChildEnded): AutomatrixError {
  const what = status === "cancelled" ? "was cancelled" : `failed: ${error?.message ?? "unknown"}`;
  return new AutomatrixError("child_failed", `Child execution ${executionId} ${what}`, {
    details: { executionId },
    ...(error === null ? {} : { cause: error }),
  });
}
