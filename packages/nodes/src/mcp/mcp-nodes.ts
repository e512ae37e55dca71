import type { NodeType } from "@automatrix/core";
import { createMcpTool } from "../tools/mcp-tool/mcp-tool.js";
import { McpManager } from "./mcp-manager.js";
import type { McpOptions } from "./mcp-options.js";

/**
 * The node that calls tools of MCP servers. Hand in a {@link McpManager} to share its connections and to close them; with
 * options, connections end by themselves when idle.
 *
 * ```ts
 * await using mcp = new McpManager({ servers: { files: { type: "stdio", command: "/usr/bin/mcp-files" } }, allowedCommands: ["/usr/bin/mcp-files"] });
 * const engine = createEngine({ storage, nodes: [...standardNodes(), ...createMcpNodes(mcp)] });
 * ```
 */
export function createMcpNodes(options: McpOptions | McpManager = {}): readonly NodeType[] {
  return Object.freeze([createMcpTool(options instanceof McpManager ? options : new McpManager(options))]);
}
