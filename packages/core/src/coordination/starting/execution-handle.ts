import type { ExecutionEvent } from "../../events/event.js";
import type { ExecutionResult } from "../../running/execution/execution-result.js";

/** One started execution. */
export interface ExecutionHandle {
  readonly id: string;
  /** Resolves once the outcome is durable, whatever it is. @throws ExecutionError `engine_closed` */
  result(): Promise<ExecutionResult>;
  /** The journal from `after` (0) on, then what happens, until the execution has ended. */
  events(options?: { readonly after?: number }): AsyncIterable<ExecutionEvent>;
  /** Durable when it resolves. A no-op on a cancelled execution. @throws ExecutionError `execution_ended` */
  cancel(reason?: string): Promise<void>;
}
