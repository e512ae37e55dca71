import { ExecutionError } from "../../errors/errors.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";
import type { ExecutionRunner } from "./execution-runner.js";

/** A commit of the execution, and why the storage did not take it. */
export interface RefusedCommit {
  readonly commit: ExecutionCommit;
  readonly outcome: Extract<CommitOutcome, { ok: false }>;
}

/** Nothing of the commit is written: whether the execution may go on here depends on why. */
export function handleRefusal(runner: ExecutionRunner, { commit, outcome }: RefusedCommit): void {
  const { reason } = outcome;
  if (reason === "duplicate" || reason === "limit_reached") {
    runner.writer.refuseStart(outcome);
    return runner.drop(
      reason === "duplicate"
        ? new ExecutionError("execution_ended", "Another execution has this idempotency key.")
        : new ExecutionError("limit_reached", "The limit of the workflow's concurrency is reached."),
    );
  }
  if (commit.park !== undefined && reason !== "lease_lost") return runner.departure.callOff(commit);
  if (reason === "cancel_requested") return runner.outcome.yieldToCancel(commit);
  runner.lose(new ExecutionError("lease_lost", `Execution ${runner.id} belongs to another worker now.`));
}
