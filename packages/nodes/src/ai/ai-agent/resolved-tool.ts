import type { ChatTool } from "../chat-model.js";

/** Where the call of a tool goes. Plain JSON: it is recorded when the agent starts, and holds for the whole run. */
export type ToolTarget =
  | {
      readonly kind: "node";
      readonly node: string;
      readonly version?: number;
      readonly fixed: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "workflow"; readonly workflowId: string; readonly version?: number }
  | { readonly kind: "mcp"; readonly server: string; readonly tool: string }
  | { readonly kind: "agent"; readonly parameters: Readonly<Record<string, unknown>> };

/** A tool as the model is told of it, and what stands behind it. */
export interface ResolvedTool extends ChatTool {
  readonly target: ToolTarget;
  readonly requiresApproval: boolean;
  /** May run beside others: it changes nothing. */
  readonly isPure: boolean;
  readonly effects?: "once";
  readonly timeoutMs?: number;
}
