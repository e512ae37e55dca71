import { FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import { toMcpCaller } from "../../mcp/mcp-caller.js";
import type { AgentOptions } from "./agent-options.js";
import { type AgentTool, MAX_TOOLS } from "./agent-parameters.js";
import type { ResolvedTool } from "./resolved-tool.js";

const MAX_DESCRIPTION_LENGTH = 4_000;
/** Nodes that begin or frame a workflow, or that are there as tools in a way of their own. */
const NO_TOOLS: ReadonlySet<string> = new Set(["ai_agent", "agent", "ai_agent_setup", "ai_agent_turn"]);

type Spec<Type extends string> = Extract<AgentTool, { readonly type: Type }>;
type Schema = Readonly<Record<string, unknown>>;

const ANY_OBJECT: Schema = { type: "object" };

/**
 * The tools of an agent, with what the model is told of each.
 * @throws FatalNodeError `invalid_parameters` for tools that cannot be used, `not_configured` where the operator must help
 */
export async function resolveTools(
  ctx: NodeContext,
  tools: readonly AgentTool[],
  options: AgentOptions,
): Promise<readonly ResolvedTool[]> {
  const resolved: ResolvedTool[] = [];
  for (const tool of tools) resolved.push(...(await resolveTool(ctx, tool, options)));
  if (resolved.length > MAX_TOOLS) throw refuse(`An agent may have ${MAX_TOOLS} tools, not ${resolved.length}.`);
  const names = new Set<string>();
  for (const { name } of resolved) {
    if (names.has(name)) throw refuse(`Two tools of the agent are called "${name}"; give one of them another name.`);
    names.add(name);
  }
  return resolved;
}

async function resolveTool(ctx: NodeContext, tool: AgentTool, options: AgentOptions): Promise<readonly ResolvedTool[]> {
  if (typeof tool === "string") return [resolveNode({ type: "node", node: tool, parameters: {} }, options)];
  switch (tool.type) {
    case "node":
      return [resolveNode(tool, options)];
    case "workflow":
      return [resolveWorkflow(tool)];
    case "mcp":
      return resolveMcp(ctx, tool, options);
    case "agent":
      return [resolveAgent(tool)];
  }
}

function resolveNode(spec: Spec<"node">, { nodeTypes }: AgentOptions): ResolvedTool {
  const { node, version, parameters: fixed } = spec;
  const type = [...(nodeTypes?.() ?? [])].find((candidate) => isType(candidate, node, version));
  requireToolType(node, type);
  const given = spec.arguments ?? argumentsOf(type);
  if (given === undefined)
    throw new FatalNodeError(
      `The agent's tool "${node}" is of a node type whose parameters are not known here; give its \`arguments\` as a JSON Schema.`,
      { code: "not_configured" },
    );
  return {
    name: spec.name ?? toToolName(type?.tool?.name ?? node),
    description: cut(spec.description ?? type?.tool?.description ?? type?.description ?? ""),
    parameters: withoutFixed(given, fixed),
    target: { kind: "node", node, fixed, ...(version !== undefined && { version }) },
    isPure: type?.effects === "pure",
    ...commonOf({ ...spec, risky: spec.risky ?? spec.requiresApproval ?? type?.tool?.risky }),
  };
}

function isType(candidate: NodeType, name: string, version: number | undefined): boolean {
  const isNamed = candidate.type === name || candidate.aliases?.includes(name) === true;
  return isNamed && (version === undefined || candidate.version === version);
}

/** Bodies and conditions are code: they are written by the author of a workflow, and never by a model. */
function requireToolType(name: string, type: NodeType | undefined): void {
  const isFrame = NO_TOOLS.has(name) || NO_TOOLS.has(type?.type ?? "") || type?.category === "trigger";
  if (!isFrame && !type?.bodies?.length && !type?.deferred?.length) return;
  throw refuse(
    name === "agent" || name === "ai_agent"
      ? 'An agent is made a tool by { type: "agent", … }.'
      : `Nodes of the type "${name}" cannot be tools; put the node into a workflow and make that the tool.`,
  );
}

function argumentsOf(type: NodeType | undefined): Schema | undefined {
  if (type === undefined) return undefined;
  if (type.parameterSchema === undefined) return ANY_OBJECT;
  const { $schema: _, ...schema } = z.toJSONSchema(type.parameterSchema, { io: "input", unrepresentable: "any" });
  return schema as Schema;
}

/** What is fixed the model is not asked for. */
function withoutFixed(schema: Schema, fixed: Schema): Schema {
  const { properties, required } = schema;
  const free = isJsonObject(properties)
    ? Object.fromEntries(Object.entries(properties).filter(([name]) => !Object.hasOwn(fixed, name)))
    : undefined;
  return {
    ...schema,
    type: "object",
    ...(free !== undefined && { properties: free }),
    ...(Array.isArray(required) && { required: required.filter((name) => !Object.hasOwn(fixed, String(name))) }),
  };
}

function resolveWorkflow(spec: Spec<"workflow">): ResolvedTool {
  const { name, workflowId, version, input, description } = spec;
  return {
    name,
    description: cut(description ?? `Runs the workflow "${workflowId}" and answers with its output.`),
    parameters: { ...(input ?? ANY_OBJECT), type: "object" },
    target: { kind: "workflow", workflowId, ...(version !== undefined && { version }) },
    isPure: false,
    ...commonOf(spec),
  };
}

async function resolveMcp(
  ctx: NodeContext,
  spec: Spec<"mcp">,
  { mcp }: AgentOptions,
): Promise<readonly ResolvedTool[]> {
  const { server, tools: wanted, name } = spec;
  if (mcp === undefined)
    throw new FatalNodeError(
      "The agent has an MCP tool, and no MCP servers are set up; name them in the option `mcp.servers`.",
      {
        code: "not_configured",
      },
    );
  const offered = await mcp.listTools(toMcpCaller(ctx), server);
  const chosen = wanted === undefined ? offered : offered.filter((tool) => wanted.includes(tool.name));
  const missing = wanted?.find((tool) => !offered.some((candidate) => candidate.name === tool));
  if (missing !== undefined)
    throw new FatalNodeError(`The MCP server "${server}" has no tool "${missing}", which the agent is to use.`, {
      code: "mcp_tool_not_found",
    });
  if (name !== undefined && chosen.length > 1)
    throw refuse(`The agent's tools of the MCP server "${server}" are several; only a single one can be given a name.`);
  return chosen.map((tool) => ({
    name: name ?? toToolName(tool.name),
    description: cut(spec.description ?? tool.description ?? ""),
    parameters: { ...tool.inputSchema, type: "object" },
    target: { kind: "mcp", server, tool: tool.name },
    isPure: tool.annotations?.readOnlyHint === true,
    ...commonOf(spec),
  }));
}

function resolveAgent(spec: Spec<"agent">): ResolvedTool {
  const { type: _, name, description, requiresApproval, risky, effects, timeoutMs, ...parameters } = spec;
  return {
    name,
    description: cut(description ?? `Hands a task to the agent "${name}" and answers with its result.`),
    parameters: {
      type: "object",
      properties: {
        prompt: { type: "string", minLength: 1, description: "The task, with all that is needed to do it." },
      },
      required: ["prompt"],
    },
    target: { kind: "agent", parameters: withoutUndefined(parameters) },
    isPure: false,
    ...commonOf({ requiresApproval, risky, effects, timeoutMs }),
  };
}

interface CommonFields {
  readonly requiresApproval?: boolean | undefined;
  readonly risky?: boolean | undefined;
  readonly effects?: "once" | undefined;
  readonly timeoutMs?: number | undefined;
}

function commonOf({ requiresApproval, risky, effects, timeoutMs }: CommonFields) {
  return {
    requiresApproval: requiresApproval === true || risky === true,
    ...(effects !== undefined && { effects }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

function withoutUndefined(value: Schema): Schema {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

function toToolName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64);
}

function cut(text: string): string {
  return text.slice(0, MAX_DESCRIPTION_LENGTH);
}

function refuse(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_parameters" });
}
