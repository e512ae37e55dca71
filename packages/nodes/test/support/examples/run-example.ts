import type { NodeDefinition, NodeType, WorkflowDefinition } from "@automatrix/core";
import { type HttpFetch, type TestEngine, testEngine, testNode } from "@automatrix/core/testing";
import { CREDENTIALS } from "./credentials.js";

interface ExampleResult {
  readonly status: string;
  readonly output: unknown;
  readonly port?: string | readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
}

/** What an example needs around its node. */
export interface Surroundings {
  /** Workflows that are saved. */
  readonly workflows?: readonly WorkflowDefinition[];
  /** Nodes that lead to the one of the example. */
  readonly before?: readonly NodeDefinition[];
  /** What people and programs do once the node waits. */
  readonly act?: (engine: TestEngine, executionId: string) => Promise<unknown>;
}

interface ExamplePlace {
  readonly nodes: readonly NodeType[];
  readonly http: HttpFetch;
}

const NODE_ID = "node";

/** Runs the example of a node exactly as it is declared. */
export function runExample(
  node: NodeType,
  { surroundings, ...place }: ExamplePlace & { readonly surroundings: Surroundings | undefined },
): Promise<ExampleResult> {
  if (surroundings !== undefined) return runWithin(node, place, surroundings);
  return testNode(node)
    .parameters(node.example?.parameters ?? {})
    .input(node.example?.input)
    .credentials(CREDENTIALS)
    .engine({ http: place.http })
    .run();
}

async function runWithin(
  node: NodeType,
  { nodes, http }: ExamplePlace,
  { workflows = [], before = [], act }: Surroundings,
): Promise<ExampleResult> {
  await using engine = await testEngine({ nodes, http });
  for (const workflow of workflows) await engine.saveWorkflow(workflow);
  const { parameters, input } = node.example ?? { parameters: {} };
  const definition: WorkflowDefinition = {
    nodes: [...before, { id: NODE_ID, type: node.type, data: parameters, retry: { maxAttempts: 1 } }],
    edges: before.map(({ id }) => ({ source: id, target: NODE_ID })),
  };
  const handle = await engine.execute(definition, { input });
  await engine.runUntilIdle();
  await act?.(engine, handle.id);
  const { status, error } = await handle.result();
  const record = (await engine.getNodeExecutions(handle.id)).find(({ path }) => path === NODE_ID);
  return {
    status,
    output: record?.output ?? null,
    ...(record?.port !== undefined && { port: record.port }),
    ...(error !== undefined && { error }),
  };
}
