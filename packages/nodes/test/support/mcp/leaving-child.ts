/** Uses a stdio server, prints its process id, and closes nothing: neither is to stay behind. */
import { McpManager } from "../../../src/mcp/mcp-manager.js";
import { NODE_COMMAND, scriptedServer, testCaller } from "./test-servers.js";

const manager = new McpManager({ servers: { it: scriptedServer("stubborn") }, allowedCommands: NODE_COMMAND });
await manager.callTool(testCaller(), "it", { tool: "count", arguments: {}, onProgress: () => undefined });
process.stdout.write(`${manager.processIds[0]}\n`);
