import type { NodeType } from "@automatrix/core";
import type { AgentOptions } from "./agent-options.js";
import { createAgentSetup } from "./agent-setup.js";
import { createAgentTurn } from "./agent-turn.js";
import { aiAgent } from "./ai-agent.js";

/**
 * The agent, and the two nodes that its bodies are made of. An engine that runs agents also needs `approval`, `end`,
 * `sub_workflow` and `mcp_tool`.
 */
export function createAgentNodes(options: AgentOptions): readonly NodeType[] {
  return Object.freeze([aiAgent, createAgentSetup(options), createAgentTurn(options)]);
}
