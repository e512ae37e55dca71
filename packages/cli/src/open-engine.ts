import { createEngine, type Engine, type NodeType, type Storage } from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";
import { loadNodeFiles } from "./node-file.js";
import { printable } from "./printable.js";
import type { OutputStream } from "./streams.js";

/** The standard nodes and those of the modules named by `--nodes`. */
export async function availableNodes(nodeFiles: readonly string[]): Promise<readonly NodeType[]> {
  return [...standardNodes(), ...(await loadNodeFiles(nodeFiles))];
}

export interface OpenEngineParams {
  readonly storage: Storage;
  readonly nodes: readonly NodeType[];
  /** Nodes that run at once in this process. */
  readonly concurrency?: number | undefined;
  /** Where the engine's own warnings go; results have standard output for themselves. */
  readonly errors?: OutputStream;
}

/** A started engine; the caller closes it. */
export async function openEngine({ storage, nodes, concurrency, errors }: OpenEngineParams): Promise<Engine> {
  const complain = (message: string): void => {
    errors?.write(`automatrix: ${printable(message)}\n`);
  };
  const engine = createEngine({
    storage,
    nodes,
    ...(concurrency === undefined ? {} : { concurrency: { nodes: concurrency } }),
    logger: { debug: () => {}, info: () => {}, warn: complain, error: complain },
  });
  await engine.start();
  return engine;
}
