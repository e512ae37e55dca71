import type { NodeType } from "@automatrix/core";
import { createAgentNodes } from "./ai/ai-agent/agent-nodes.js";
import type { AgentOptions } from "./ai/ai-agent/agent-options.js";
import { createAiLayer } from "./ai/ai-layer.js";
import { createAiNodes } from "./ai/ai-nodes.js";
import { type AiOptions, credentialsOf } from "./ai/ai-options.js";
import { createModelSource } from "./ai/model-source.js";
import { createBusinessNodes } from "./business/business-nodes.js";
import type { BusinessOptions } from "./business/business-options.js";
import { codeNodes } from "./code/code-nodes.js";
import { dataNodes } from "./data/data-nodes.js";
import { flowNodes } from "./flow/flow-nodes.js";
import { createIntegrationNode, type IntegrationOptions } from "./integrations/integration-node.js";
import { createIoNodes, type IoOptions } from "./io/io-nodes.js";
import { createKnowledgeNodes } from "./knowledge/knowledge-nodes.js";
import type { KnowledgeOptions } from "./knowledge/knowledge-options.js";
import { McpManager } from "./mcp/mcp-manager.js";
import { createMcpNodes } from "./mcp/mcp-nodes.js";
import type { McpOptions } from "./mcp/mcp-options.js";
import { createWebNodes, type WebOptions } from "./tools/web-search/web-nodes.js";
import { triggerNodes } from "./triggers/trigger-nodes.js";

/**
 * What an operator sets for the standard nodes; nothing of it comes from a workflow. Without a part the nodes that need
 * it are there and fail with `not_configured`, naming it.
 */
export interface StandardNodesOptions extends IoOptions, IntegrationOptions, BusinessOptions {
  /** Providers, prices, budgets and routing of the AI nodes. */
  readonly ai?: AiOptions;
  /** Where agents of an `agent_id` are looked up. */
  readonly agentOf?: AgentOptions["agentOf"];
  /** Further node types that agents may be given as tools. */
  readonly agentTools?: () => Iterable<NodeType>;
  /** MCP servers, or the manager of their connections where the host closes them. */
  readonly mcp?: McpOptions | McpManager;
  readonly knowledge?: KnowledgeOptions;
  readonly web?: WebOptions;
}

/** All nodes of this package: `createEngine({ nodes: standardNodes() })`. */
export function standardNodes(options: StandardNodesOptions = {}): readonly NodeType[] {
  const nodes: readonly NodeType[] = [
    ...triggerNodes,
    ...flowNodes,
    ...dataNodes,
    ...codeNodes,
    ...createIoNodes(options),
    ...aiAndToolNodes(options, () => nodes),
    ...createKnowledgeNodes(options.knowledge),
    ...createWebNodes(options.web),
    ...createBusinessNodes(options),
    createIntegrationNode(options),
  ];
  return nodes;
}

/** Agents share the budgets of the other AI nodes and the connections of `mcp_tool`, and know every node. */
function aiAndToolNodes(options: StandardNodesOptions, allNodes: () => readonly NodeType[]): readonly NodeType[] {
  const { ai = {}, agentOf, agentTools, mcp: mcpOptions = {} } = options;
  const layer = createAiLayer(ai);
  const mcp = mcpOptions instanceof McpManager ? mcpOptions : new McpManager(mcpOptions);
  const agents = createAgentNodes({
    models: createModelSource(ai, layer),
    credentials: credentialsOf(ai),
    mcp,
    nodeTypes: () => [...allNodes(), ...(agentTools?.() ?? [])],
    ...(agentOf === undefined ? {} : { agentOf }),
  });
  return [...createAiNodes(ai, layer), ...agents, ...createMcpNodes(mcp)];
}
