import type { NodeType } from "@automatrix/core";
import type { McpManager } from "../../mcp/mcp-manager.js";
import type { ModelSource } from "../model-source.js";

/** What the row of an agent gives where the node leaves something out. The same names as the node's parameters. */
export interface AgentDefaults {
  readonly system?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly timeoutMs?: number;
  /** As the parameter `tools`; checked when the agent starts. */
  readonly tools?: readonly unknown[];
  readonly maxSteps?: number;
  readonly budget?: unknown;
  readonly approval?: unknown;
}

/** What an operator or a host decides about agents. */
export interface AgentOptions {
  /** The models; share the source of the other AI nodes, so that budgets and circuits count for all of them. */
  readonly models: ModelSource;
  /** Names of the credentials that the models use; see `credentialsOf`. */
  readonly credentials?: readonly string[];
  /** MCP servers whose tools agents may be given. */
  readonly mcp?: McpManager;
  /** Node types that agents may be given as tools: their descriptions and parameters are what the model is told. */
  readonly nodeTypes?: () => Iterable<NodeType>;
  /** The agent of this id, of this tenant; read once a run. */
  readonly agentOf?: (
    id: string,
    scope: { readonly tenant: string | null },
  ) => AgentDefaults | undefined | Promise<AgentDefaults | undefined>;
}
