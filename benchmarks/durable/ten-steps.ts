import { createEngine, defineNode, type Engine, type PreparedWorkflow, type Storage } from "@automatrix/core";
import { chain } from "../../packages/cli/src/bench-graphs.js";
import { stepOutput } from "./durable-target.js";

export const STEPS = 10;

/** Whether the node's function is `async`. */
export type NodeKind = "sync" | "async";

/** Declared as having effects, which is the default: its result is durable before the next one starts. */
export const EFFECT_TYPES: Readonly<Record<NodeKind, string>> = { sync: "effect", async: "effect_async" };
export const PURE_TYPE = "pure";

/** Called with the instant (`performance.now()`) at which a node's function begins. */
type OnCall = (at: number) => void;

/** A started engine whose nodes do nothing but answer with a small output. */
export async function openDurableEngine(storage: Storage, onCall?: OnCall): Promise<Engine> {
  const answer = ({ nodeId }: { readonly nodeId: string }) => {
    onCall?.(performance.now());
    return stepOutput(Number(nodeId.slice(1)));
  };
  const nodes = [
    defineNode({ type: EFFECT_TYPES.sync, execute: answer }),
    defineNode({ type: EFFECT_TYPES.async, execute: async (context) => answer(context) }),
    defineNode({ type: PURE_TYPE, effects: "pure", execute: answer }),
  ];
  const engine = createEngine({ storage, nodes });
  await engine.start();
  return engine;
}

/** `length` nodes of this type, one after the other. */
export function prepareChain(engine: Engine, length: number, type: string): PreparedWorkflow {
  return engine.prepare(chain(length, type));
}

export async function runToEnd(engine: Engine, prepared: PreparedWorkflow): Promise<void> {
  const { status, error } = await engine.run(prepared, { input: { order: 123 } });
  if (status !== "completed") throw new Error(`a benchmark run ended ${status}: ${error?.message}`);
}
