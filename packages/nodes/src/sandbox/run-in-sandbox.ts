import { FatalNodeError, type NodeContext, RetryableNodeError } from "@automatrix/core";
import type { GuestRequest } from "./guest-protocol.js";
import type { ThreadAnswer } from "./sandbox-thread.js";
import type { ThreadPool } from "./thread-pool.js";

export interface SandboxRun {
  readonly pool: ThreadPool;
  readonly request: () => GuestRequest;
  readonly timeoutMs: number;
  /** What the code is called in messages: `The code`. */
  readonly subject: string;
  /** Code of the error when the time is over. Default `code_timed_out`. */
  readonly timeoutCode?: string;
  /** Code of the error when the memory is used up. Default `code_out_of_memory`. */
  readonly memoryCode?: string;
}

/**
 * Runs code in a sandbox thread and resolves to its result; what it prints goes to the node's log.
 * @throws FatalNodeError with the guest's code, or of a limit
 * @throws RetryableNodeError `sandbox_crashed`, `sandbox_busy`
 */
export async function runInSandbox(ctx: NodeContext<unknown>, run: SandboxRun): Promise<unknown> {
  const answer = await run.pool.run({
    request: run.request,
    timeoutMs: run.timeoutMs,
    signal: ctx.signal,
    onLog: (level, text) => ctx.logger[level](text),
  });
  return resultOf(answer, run);
}

function resultOf(answer: ThreadAnswer, run: SandboxRun): unknown {
  switch (answer.outcome) {
    case "result":
      return JSON.parse(answer.json);
    case "failure":
      throw new FatalNodeError(answer.message, {
        code: answer.code,
        ...(answer.details !== undefined && { details: answer.details }),
      });
    case "timed_out":
      throw new FatalNodeError(`${run.subject} was stopped after its ${run.timeoutMs} ms.`, {
        code: run.timeoutCode ?? "code_timed_out",
      });
    case "out_of_memory":
      throw new FatalNodeError(`${run.subject} needs more memory than it may use.`, {
        code: run.memoryCode ?? "code_out_of_memory",
      });
    case "stopped":
    case "crashed":
      throw new RetryableNodeError(
        `The sandbox of ${run.subject.toLowerCase()} broke down: ${answer.outcome === "crashed" ? answer.reason : "it was stopped"}.`,
        { code: "sandbox_crashed" },
      );
  }
}
