/**
 * The bodies that an agent runs. Whatever comes from a model, a tool or a parameter goes through the body's input, and the
 * definition only refers to it: nothing of it is ever read as a template.
 */
import type { NodeDefinition, WorkflowDefinition } from "@automatrix/core";
import type { AgentApproval } from "./agent-parameters.js";
import type { ResolvedTool } from "./resolved-tool.js";

export const SETUP_BODY: WorkflowDefinition = Object.freeze({
  nodes: [{ id: "setup", type: "ai_agent_setup", data: {} }],
});
export const TURN_BODY: WorkflowDefinition = Object.freeze({
  nodes: [{ id: "model", type: "ai_agent_turn", data: {} }],
});

/** Output of a body whose tool failed. */
export interface ToolFailure {
  readonly toolFailure: { readonly code: string; readonly message: string; readonly details?: unknown };
}

/** How people decided about a call. */
export interface ApprovalAnswer {
  readonly decision: "approved" | "rejected" | "timed_out";
  readonly by: string | null;
  readonly comment: string | null;
  /** ISO text. */
  readonly at: string;
}

export interface ToolBody {
  readonly definition: WorkflowDefinition;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A name that can stand in an expression, and is no way to a prototype. */
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype", "label"]);

export function isParameterName(name: string): boolean {
  return PARAMETER_NAME.test(name) && !FORBIDDEN_NAMES.has(name);
}

/** The body that makes one call. A failure of the tool is its output, and so is recorded like any other. */
export function toolBody(tool: ResolvedTool, given: Readonly<Record<string, unknown>>): ToolBody {
  const { type, version, parameters } = nodeOf(tool, given);
  const names = Object.keys(parameters).filter(isParameterName);
  const node: NodeDefinition = {
    id: "tool",
    type,
    data: Object.fromEntries(names.map((name) => [name, `{{input[${JSON.stringify(name)}]}}`])),
    ...(version !== undefined && { version }),
    ...(tool.effects !== undefined && { effects: tool.effects }),
    ...(tool.timeoutMs !== undefined && { attemptTimeoutMs: tool.timeoutMs }),
  };
  return {
    definition: {
      nodes: [node, { id: "failed", type: "end", data: { output: { toolFailure: "{{input.error}}" } } }],
      edges: [{ source: "tool", sourceHandle: "error", target: "failed" }],
    },
    input: parameters,
  };
}

interface CalledNode {
  readonly type: string;
  readonly version?: number | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

function nodeOf({ target }: ResolvedTool, given: Readonly<Record<string, unknown>>): CalledNode {
  switch (target.kind) {
    case "node":
      return { type: target.node, version: target.version, parameters: { ...given, ...target.fixed } };
    case "workflow": {
      const { workflowId, version } = target;
      return {
        type: "sub_workflow",
        parameters: { workflowId, input: given, ...(version !== undefined && { version }) },
      };
    }
    case "mcp":
      return { type: "mcp_tool", parameters: { server: target.server, tool: target.tool, arguments: given } };
    case "agent":
      return { type: "ai_agent", parameters: { ...target.parameters, prompt: given["prompt"] } };
  }
}

/** The body that asks people about one call. */
export function approvalBody(message: string, { approvers, quorum, deadlineMs }: AgentApproval): ToolBody {
  const settings = {
    message,
    ...(approvers !== undefined && { approvers }),
    ...(quorum !== undefined && { quorum }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
  const decisions = ["approved", "rejected", "timed_out"] as const;
  return {
    definition: {
      nodes: [
        {
          id: "approval",
          type: "approval",
          data: Object.fromEntries(Object.keys(settings).map((name) => [name, `{{input.${name}}}`])),
        },
        ...decisions.map((decision) => ({
          id: decision,
          type: "end",
          data: { output: { decision, by: "{{input.by}}", comment: "{{input.comment}}", at: "{{now()}}" } },
        })),
      ],
      edges: decisions.map((decision) => ({ source: "approval", sourceHandle: decision, target: decision })),
    },
    input: settings,
  };
}
