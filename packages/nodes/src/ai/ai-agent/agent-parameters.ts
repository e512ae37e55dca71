import { z } from "@automatrix/core";
import { streamParameter, textParameter } from "../asking/model-parameters.js";

export const DEFAULT_MAX_STEPS = 10;
export const DEFAULT_MAX_TOKENS = 4_000;
export const DEFAULT_CALL_TIMEOUT_MS = 60_000;
const MAX_STEPS = 1_000;
/** Providers take no more tools than this. */
export const MAX_TOOLS = 128;
const MAX_TOOL_TIMEOUT_MS = 24 * 60 * 60 * 1_000;

const toolName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "A tool's name has up to 64 letters, digits, _ and -.")
    .describe("What the model calls the tool.");

const jsonSchema = (description: string) => z.record(z.string(), z.unknown()).describe(description);

const commonFields = () => ({
  name: toolName().optional(),
  description: z.string().max(10_000).optional().describe("What the tool is for, as the model is told."),
  requiresApproval: z.boolean().optional().describe("Whether people must approve each call before it is made."),
  risky: z.boolean().optional().describe("The same as requiresApproval."),
  effects: z
    .literal("once")
    .optional()
    .describe("once: a call is made at most once; if its outcome gets lost, a person decides."),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .max(MAX_TOOL_TIMEOUT_MS)
    .optional()
    .describe("How long one attempt of a call may take, in milliseconds."),
});

const maxSteps = () => z.number().int().min(1).max(MAX_STEPS);

export const budgetSchema = () =>
  z.object({
    maxTokens: z.number().int().min(1).optional().describe("Tokens of all calls of models together."),
    maxCost: z.number().positive().optional().describe("US dollars of all calls of models together."),
    maxToolCalls: z.number().int().min(0).optional().describe("Calls of tools together."),
    maxDurationMs: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("Time from the first call of the model on, in milliseconds, without that spent waiting for approvals."),
  });

export const approvalSchema = () =>
  z.object({
    approvers: z.array(z.string().min(1)).max(1_000).optional().describe("Who may decide; anybody when left out."),
    quorum: z.number().int().min(1).optional().describe("How many approvals it takes; 1 when left out."),
    deadlineMs: z
      .number()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe("How long to wait, in milliseconds; the call is not made then, and the model is told."),
  });

/** Something that an agent may use. A text is short for a node of that type. */
export const toolSchema = () =>
  z.union([
    z.string().min(1),
    z.discriminatedUnion("type", [
      z.object({
        type: z.literal("node"),
        node: z.string().min(1).describe("A node type, such as http_request."),
        version: z.number().int().min(1).optional(),
        parameters: jsonSchema("Parameters that are fixed; the model neither sees nor sets them.").default({}),
        arguments: jsonSchema(
          "JSON Schema of what the model sets; the node's other parameters when left out.",
        ).optional(),
        ...commonFields(),
      }),
      z.object({
        type: z.literal("workflow"),
        workflowId: z.string().min(1).describe("A saved workflow."),
        version: z.number().int().min(1).optional(),
        input: jsonSchema("JSON Schema of the workflow's input; any object when left out.").optional(),
        ...commonFields(),
        name: toolName(),
      }),
      z.object({
        type: z.literal("mcp"),
        server: z.string().min(1).describe("Name of an MCP server, as the operator set it up."),
        tools: z.array(z.string().min(1)).optional().describe("Which of its tools; all when left out."),
        ...commonFields(),
      }),
      z.object({
        type: z.literal("agent"),
        agent_id: z.string().min(1).optional().describe("A saved agent that gives what is left out here."),
        system: z.string().optional(),
        provider: z.string().optional(),
        model: z.string().optional(),
        tools: z.array(z.unknown()).max(MAX_TOOLS).optional(),
        maxSteps: maxSteps().optional(),
        budget: budgetSchema().optional(),
        ...commonFields(),
        name: toolName(),
      }),
    ]),
  ]);

export const agentParameters = () =>
  z.object({
    prompt: textParameter()
      .optional()
      .describe("What the agent is to do, the input when left out; a value that is no text is written as JSON."),
    system: z.string().optional().describe("Who the agent is and what it must keep to."),
    agent_id: z.string().min(1).optional().describe("A saved agent that gives what the node leaves out."),
    provider: z.string().optional().describe("Name of an AI provider; the default one when left out."),
    model: z.string().optional().describe("Name of a model; the provider's default when left out."),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .optional()
      .describe("0 for the likeliest words, up to 2 for surprising ones."),
    maxTokens: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(`Longest answer of one call of the model, in tokens; ${DEFAULT_MAX_TOKENS} when left out.`),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(`How long one call of the model may take, in milliseconds; ${DEFAULT_CALL_TIMEOUT_MS} when left out.`),
    tools: z.array(toolSchema()).max(MAX_TOOLS).optional().describe("What the agent may use."),
    maxSteps: maxSteps()
      .optional()
      .describe(`Calls of the model; more without an answer fail the node. ${DEFAULT_MAX_STEPS} when left out.`),
    budget: budgetSchema().optional().describe("Tokens, money, time and calls of tools that the agent may use up."),
    approval: approvalSchema().optional().describe("Who approves calls of tools that need it, and by when."),
    stream: streamParameter(),
    maxIdenticalCalls: z
      .number()
      .int()
      .min(1)
      .max(1_000)
      .default(3)
      .describe(
        "How often one tool may be called with the same arguments; then the model is told so, and in the end the node fails.",
      ),
    maxToolResultCharacters: z
      .number()
      .int()
      .min(100)
      .max(1_000_000)
      .default(20_000)
      .describe("How much of a tool's result the model is shown."),
  });

export type AgentParameters = z.output<ReturnType<typeof agentParameters>>;
export type AgentTool = z.output<ReturnType<typeof toolSchema>>;
export type AgentBudget = z.output<ReturnType<typeof budgetSchema>>;
export type AgentApproval = z.output<ReturnType<typeof approvalSchema>>;
