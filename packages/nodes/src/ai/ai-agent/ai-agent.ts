import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import { type AgentParameters, agentParameters } from "./agent-parameters.js";
import { runAgent } from "./agent-run.js";

/** A model that uses tools until it has an answer. Its calls, and those of its tools, are nodes of bodies of their own. */
export const aiAgent: NodeType = defineNode({
  type: "ai_agent",
  aliases: ["agent"],
  label: "AI agent",
  description:
    "Lets a model work on a task with tools: nodes, workflows, MCP tools and other agents. Every call is recorded and never made again.",
  category: "ai",
  effects: "idempotent",
  container: true,
  permissions: ["net", "exec", "credentials"],
  parameters: agentParameters,
  output: () =>
    z.object({
      ai_response: z.string(),
      model_used: z.string(),
      tokens_used: z.number(),
      usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number(), total_tokens: z.number() }),
      finish_reason: z.string(),
      cost: z.number().nullable(),
      steps: z.number(),
      tool_calls: z.array(z.looseObject({ step: z.number(), name: z.string(), status: z.string() })),
      agent_id: z.string().optional(),
    }),
  example: {
    parameters: {
      prompt: "{{input.question}}",
      system: "You look after the orders of a shop.",
      tools: [{ type: "workflow", name: "list_orders", workflowId: "list-orders" }],
      maxSteps: 5,
    },
    input: { question: "Which of our open orders is the oldest?" },
  },
  execute: (ctx: NodeContext<AgentParameters>) => runAgent(ctx),
});
