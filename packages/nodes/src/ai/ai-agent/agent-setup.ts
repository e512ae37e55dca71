import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import type { AgentDefaults, AgentOptions } from "./agent-options.js";
import {
  type AgentApproval,
  type AgentBudget,
  agentParameters,
  DEFAULT_CALL_TIMEOUT_MS,
  DEFAULT_MAX_STEPS,
  DEFAULT_MAX_TOKENS,
} from "./agent-parameters.js";
import { resolveTools } from "./resolve-tools.js";
import type { ResolvedTool } from "./resolved-tool.js";

/** Everything that holds for a whole run of an agent. Recorded, so that a run goes on as it began. */
export interface AgentSetup {
  readonly agentId?: string;
  readonly system?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly temperature?: number;
  readonly maxTokens: number;
  readonly timeoutMs: number;
  readonly maxSteps: number;
  readonly budget: AgentBudget;
  readonly approval: AgentApproval;
  readonly tools: readonly ResolvedTool[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The first step of an agent: fills in what its row gives, and finds its tools. Its input is the agent's parameters. */
export function createAgentSetup(options: AgentOptions): NodeType {
  return defineNode({
    type: "ai_agent_setup",
    label: "Set up an agent",
    description: "Used by ai_agent itself: fills in what the agent's row gives, and finds its tools.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "exec", "credentials"],
    parameters: () => z.object({}),
    example: { parameters: {}, input: { prompt: "Hello" } },
    execute: (ctx) => setUp(ctx, options),
  });
}

async function setUp(ctx: NodeContext, options: AgentOptions): Promise<AgentSetup> {
  const own = ctx.input as Readonly<Record<string, unknown>> & { readonly agent_id?: string };
  const row = own.agent_id === undefined ? {} : await agentOf(ctx, own.agent_id, options);
  const merged = agentParameters().safeParse({ ...row, ...own });
  if (!merged.success)
    throw new FatalNodeError(`The agent cannot run as it is set up: ${z.prettifyError(merged.error).slice(0, 2_000)}`, {
      code: "invalid_parameters",
    });
  const { agent_id: agentId, system, provider, model, temperature, tools = [], ...given } = merged.data;
  return {
    ...(agentId !== undefined && { agentId }),
    ...(system !== undefined && { system }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(temperature !== undefined && { temperature }),
    maxTokens: given.maxTokens ?? DEFAULT_MAX_TOKENS,
    timeoutMs: given.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
    maxSteps: given.maxSteps ?? DEFAULT_MAX_STEPS,
    budget: given.budget ?? {},
    approval: given.approval ?? {},
    tools: await resolveTools(ctx, tools, options),
    startedAt: ctx.clock.now(),
  };
}

async function agentOf(ctx: NodeContext, id: string, { agentOf: find }: AgentOptions): Promise<AgentDefaults> {
  if (find === undefined)
    throw new FatalNodeError(
      "The node names an agent, and there are no saved agents here; set the option `ai.agentOf`.",
      {
        code: "not_configured",
      },
    );
  const row = await find(id, { tenant: ctx.execution.tenant });
  if (row === undefined)
    throw new FatalNodeError(`There is no agent "${id}"; name another, or leave agent_id out.`, {
      code: "agent_not_found",
    });
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined && value !== null));
}
