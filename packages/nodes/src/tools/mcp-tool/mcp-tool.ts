import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { checkAgainstSchema } from "../../json-schema/check-against-schema.js";
import { compileSchema } from "../../json-schema/compile-schema.js";
import { toMcpCaller } from "../../mcp/mcp-caller.js";
import { reasonOf } from "../../mcp/mcp-errors.js";
import type { McpManager } from "../../mcp/mcp-manager.js";
import { toToolOutput } from "../../mcp/tool-output.js";

const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1_000;
/** Tools named in an error; a server may have thousands. */
const MAX_NAMES_IN_MESSAGE = 20;
/** Reports of a tool's progress that are passed on, for one call. */
const MAX_PROGRESS_REPORTS = 1_000;

const mcpToolParameters = () =>
  z.object({
    server: z.string().min(1).describe("Name of the MCP server, as the operator set it up."),
    tool: z.string().min(1).describe("Name of the tool on that server."),
    arguments: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("Arguments of the tool; they are checked against its input schema."),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .optional()
      .describe(
        "How long the call may take, in milliseconds; the server's own setting, else one minute, when left out.",
      ),
  });

type McpToolContext = NodeContext<z.output<ReturnType<typeof mcpToolParameters>>>;

/** The node that calls a tool of an MCP server, on the connections of that manager. */
export function createMcpTool(manager: McpManager): NodeType {
  return defineNode({
    type: "mcp_tool",
    label: "MCP tool",
    description:
      "Calls a tool of an MCP server that the operator set up. Text comes as `content`, data as `structuredContent`, anything else as attachments in the blob store.",
    category: "tools",
    effects: "idempotent",
    permissions: ["net", "exec", "credentials"],
    parameters: mcpToolParameters,
    output: () =>
      z.object({
        content: z.string(),
        structuredContent: z.record(z.string(), z.unknown()).optional(),
        attachments: z.array(z.looseObject({ type: z.string() })),
      }),
    example: {
      parameters: { server: "everything", tool: "echo", arguments: { message: "{{input.text}}" } },
      input: { text: "Hello" },
    },
    async execute(ctx: McpToolContext) {
      const { server, tool: name, arguments: given, timeoutMs } = ctx.parameters;
      const caller = toMcpCaller(ctx);
      const tool = findTool(server, name, await manager.listTools(caller, server));
      check(ctx, tool.inputSchema, given, `arguments of the MCP tool "${name}"`);
      const result = await manager.callTool(caller, server, {
        tool: name,
        arguments: given,
        timeoutMs,
        onProgress: progressReporter(ctx),
      });
      const output = await toToolOutput(name, result, ctx.blobs);
      if (tool.outputSchema !== undefined && output.structuredContent !== undefined)
        check(ctx, tool.outputSchema, output.structuredContent, `answer of the MCP tool "${name}"`);
      return output;
    },
  });
}

function findTool(server: string, name: string, tools: readonly Tool[]): Tool {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  const names = tools.slice(0, MAX_NAMES_IN_MESSAGE).map((candidate) => candidate.name);
  const more = tools.length > names.length ? ", …" : "";
  throw new FatalNodeError(
    `The MCP server "${server}" has no tool "${name}"; it has ${names.join(", ") || "none"}${more}.`,
    { code: "mcp_tool_not_found" },
  );
}

/** A schema that cannot be used is the server's fault, and the server checks by itself: the call goes on without. */
function check(ctx: McpToolContext, schema: Readonly<Record<string, unknown>>, value: unknown, what: string): void {
  // Servers name older drafts, which say the same about what arguments use.
  const { $schema: _, ...rest } = schema;
  try {
    compileSchema(rest);
  } catch (error) {
    ctx.logger.warn(`The schema for the ${what} cannot be used, so they are not checked here.`, {
      reason: reasonOf(error),
    });
    return;
  }
  checkAgainstSchema(rest, value, what);
}

function progressReporter(ctx: McpToolContext) {
  let reports = 0;
  return ({
    progress,
    total,
    message,
  }: {
    readonly progress: number;
    readonly total?: number | undefined;
    readonly message?: string | undefined;
  }): void => {
    reports += 1;
    if (reports > MAX_PROGRESS_REPORTS) return;
    const fraction = total !== undefined && total > 0 ? progress / total : 0;
    ctx.progress(fraction, message?.slice(0, 1_000));
  };
}
