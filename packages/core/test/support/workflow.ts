import {
  defineNode,
  type ExecutionResult,
  FatalNodeError,
  type NodeDefinition,
  type NodeType,
  type WorkflowDefinition,
  type WorkflowSettings,
} from "../../src/index.js";
import { type TestEngineOptions, testEngine } from "../../src/testing/index.js";
import { sketchWorkflow } from "../../src/testing/sketch-workflow.js";

/** Gives `{ [its id]: true }`, so that a merge shows what came in. */
export const tag = defineNode({ type: "tag", execute: (ctx) => ({ [ctx.nodeId]: true }) });
/** Gives its parameter `value`. */
export const value = defineNode({ type: "value", execute: (ctx) => ctx.parameters["value"] });
/** Hands its input on. */
export const pass = defineNode({ type: "pass", execute: (ctx) => ctx.input });
/** Emits its input on the port that its parameter names. */
export const route = defineNode({
  type: "route",
  ports: ["default", "left", "right"],
  execute: (ctx) => ctx.emit(String(ctx.parameters["port"]), ctx.input),
});
export const fail = defineNode({
  type: "fail",
  execute(ctx) {
    throw new FatalNodeError(`${ctx.nodeId} fails`);
  },
});
export const start = defineNode({ type: "start", category: "trigger", execute: (ctx) => ctx.input });
export const end = defineNode({ type: "end", execute: (ctx) => ctx.input });

export const BASIC_NODES: readonly NodeType[] = [tag, value, pass, route, fail, start, end];

/** A definition from its edges, see `sketchWorkflow`; nodes are of type `tag` unless `nodes` says otherwise. */
export function flow(
  text: string,
  nodes: Readonly<Record<string, Partial<NodeDefinition>>> = {},
  settings?: WorkflowSettings,
): WorkflowDefinition {
  return sketchWorkflow(text, { name: "test", type: "tag", nodes, settings });
}

export interface RunOptions extends TestEngineOptions {
  readonly input?: unknown;
  /** Time that passes once it has begun. */
  readonly advance?: number | string;
}

/** Runs a definition in an engine of its own. */
export async function run(
  definition: WorkflowDefinition,
  { input, advance, nodes = [], ...options }: RunOptions = {},
): Promise<ExecutionResult> {
  await using engine = await testEngine({ ...options, nodes: [...BASIC_NODES, ...nodes] });
  const running = engine.run(definition, input === undefined ? {} : { input });
  if (advance !== undefined) await engine.advance(advance);
  const result = await running;
  void result.nodes;
  return result;
}

/** What became of each node: `completed`, `skipped branch_not_taken`, `failed continue`, … */
export function fates({ nodes }: ExecutionResult): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, { status, skipReason, handled }]) => [
      id,
      [status, skipReason ?? handled].filter(Boolean).join(" "),
    ]),
  );
}
