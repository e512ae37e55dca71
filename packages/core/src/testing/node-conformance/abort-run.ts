import type { NodeType } from "../../definition/node-type.js";
import { type TestEngineOptions, testEngine } from "../test-engine.js";

/** In real time: a node may end what it holds outside this thread. */
const STOPS_WITHIN_MS = 2_000;
const POLL_MS = 5;

export interface AbortRunParams {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input: unknown;
  readonly credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly engine: Omit<TestEngineOptions, "storage">;
}

/** Cancels the node while a server that never answers keeps it waiting; true when its function has come to an end then. */
export async function runAborted(node: NodeType, params: AbortRunParams): Promise<boolean> {
  const { parameters, input, credentials, engine: options } = params;
  let running = 0;
  const watched: NodeType = Object.freeze({
    ...node,
    parameterSchema: node.parameterSchema,
    outputSchema: node.outputSchema,
    async execute(ctx: Parameters<NodeType["execute"]>[0]) {
      running++;
      try {
        return await node.execute(ctx);
      } finally {
        running--;
      }
    },
  });
  await using engine = await testEngine({
    secrets: { get: async (name) => (Object.hasOwn(credentials, name) ? credentials[name] : undefined) },
    ...options,
    http: neverAnswers,
    nodes: [watched, ...[...(options.nodes ?? [])].filter(({ type }) => type !== node.type)],
  });
  const definition = { nodes: [{ id: "node", type: node.type, version: node.version, data: parameters }] };
  const handle = await engine.execute(definition, { input });
  await engine.runUntilIdle();
  await handle.cancel("told to stop").catch(() => {});
  await engine.runUntilIdle();
  for (let waitedMs = 0; running > 0 && waitedMs < STOPS_WITHIN_MS; waitedMs += POLL_MS)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return running === 0;
}

/** Ends only with the signal that it was given. */
function neverAnswers(_url: string | URL, init?: RequestInit): Promise<Response> {
  return new Promise((_resolve, reject) => {
    const signal = init?.signal;
    if (signal?.aborted === true) return reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
