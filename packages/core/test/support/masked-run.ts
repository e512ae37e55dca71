import { inspect } from "node:util";
import {
  defineNode,
  type Logger,
  type NodeContext,
  type NodeReturn,
  type NodeTypeDeclaration,
  type RetryDefinition,
  type SecretStore,
} from "../../src/index.js";
import { memoryStorage } from "../../src/memory/index.js";
import { type TestEngine, testEngine } from "../../src/testing/index.js";
import { transactionalStorage } from "./transactional-storage.js";
import { BASIC_NODES } from "./workflow.js";

export type Credentials = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function secretsOf(credentials: Credentials): SecretStore {
  return { get: async (name) => (Object.hasOwn(credentials, name) ? credentials[name] : undefined) };
}

/** What came out of a run wherever anybody can look. */
export interface Traces {
  readonly status: string;
  /** Everything as text: log lines, events, records, steps, waits and the result. */
  readonly text: string;
  readonly output: unknown;
  readonly error: unknown;
}

export interface MaskedRunOptions extends Omit<NodeTypeDeclaration, "type" | "execute"> {
  readonly credentials?: readonly string[];
  readonly input?: unknown;
  /** Default: one attempt. */
  readonly retry?: RetryDefinition;
}

/** Runs one node that reads the credential `secret` and then does `run`, and gathers all that can be seen of it. */
export async function maskedRun(
  credential: Readonly<Record<string, unknown>>,
  run: (ctx: NodeContext, credential: Readonly<Record<string, unknown>>) => NodeReturn | Promise<NodeReturn>,
  { input, retry = { maxAttempts: 1 }, ...declaration }: MaskedRunOptions = {},
): Promise<Traces> {
  const leaky = defineNode({
    ports: ["default", "left", "right"],
    credentials: ["secret"],
    ...declaration,
    type: "leaky",
    execute: async (ctx: NodeContext) => run(ctx, await ctx.credentials("secret")),
  });
  const lines: string[] = [];
  const write = (...args: readonly unknown[]) => lines.push(inspect(args, { depth: null, maxStringLength: null }));
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  await using engine = await testEngine({
    nodes: [...BASIC_NODES, leaky],
    secrets: secretsOf({ secret: credential }),
    storage: (clock) => transactionalStorage(memoryStorage({ clock })),
    logger,
  });
  engine.on("*", (event) => lines.push(inspect(event, { depth: null, maxStringLength: null }), JSON.stringify(event)));
  const definition = { nodes: [{ id: "node", type: "leaky", retry }] };
  const handle = await engine.execute(definition, { input });
  await engine.runUntilIdle();
  lines.push(await tracesOf(engine, handle.id));
  for (const child of (await engine.listExecutions({})).items)
    if (child.id !== handle.id) lines.push(await tracesOf(engine, child.id));
  const record = await engine.getExecution(handle.id);
  const [node] = await engine.getNodeExecutions(handle.id);
  return { status: record.status, text: lines.join("\n"), output: node?.output, error: node?.error };
}

/** Everything that the storage holds of an execution. */
export async function tracesOf(engine: TestEngine, id: string): Promise<string> {
  const { storage } = engine;
  return JSON.stringify([
    await engine.getExecution(id),
    await engine.getNodeExecutions(id),
    await engine.getJournal(id),
    await storage.listSteps(id),
    await storage.listWaits(id),
    await engine.explain(id),
  ]);
}
