import { createEngine, type Engine, type NodeType, type Storage } from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";
import { credentialsOption } from "./commands/credentials-file.js";
import { loadNodeFiles } from "./node-file.js";
import { printable } from "./printable.js";
import { ExecutionFocus } from "./storage/execution-focus.js";
import type { OutputStream } from "./streams.js";

/**
 * Short, because the process of a command is short-lived: when it is killed, `resume` takes over after this time. The
 * price is that code which blocks the event loop for longer loses its execution.
 */
export const COMMAND_LEASE = { durationMs: 5_000, heartbeatMs: 1_500, sweepMs: 500 } as const;

/**
 * The standard nodes and those of the modules named by `--nodes`, which replace standard ones of the same type and version.
 * The node `integration` has the integrations of their packs.
 */
export async function availableNodes(nodeFiles: readonly string[]): Promise<readonly NodeType[]> {
  const { nodes: own, packs } = await loadNodeFiles(nodeFiles);
  const taken = new Set(own.map(nameOf));
  return [...standardNodes({ packs }).filter((node) => !taken.has(nameOf(node))), ...own];
}

function nameOf({ type, version }: NodeType): string {
  return `${type}@${version}`;
}

export interface OpenEngineParams {
  readonly storage: Storage;
  readonly nodes: readonly NodeType[];
  /** Nodes that run at once in this process. */
  readonly concurrency?: number | undefined;
  /** Where the engine's own warnings go; results have standard output for themselves. */
  readonly errors: OutputStream;
}

/** The started engine of one command; disposing of it closes engine and storage. */
export interface OpenedEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly storage: Storage;
  /** Which executions the engine sees. */
  readonly focus: ExecutionFocus;
}

/** Starts an engine that keeps to the executions of this command; the caller disposes of it. */
export async function openEngine({ storage, nodes, concurrency, errors }: OpenEngineParams): Promise<OpenedEngine> {
  const complain = (message: string, { error }: Readonly<Record<string, unknown>> = {}): void => {
    const cause = error === undefined ? "" : ` (${String(error)})`;
    errors.write(`automatrix: ${printable(message + cause)}\n`);
  };
  const focus = new ExecutionFocus(storage);
  const engine = createEngine({
    storage: focus.narrowed,
    nodes,
    lease: COMMAND_LEASE,
    ...(concurrency === undefined ? {} : { concurrency: { nodes: concurrency } }),
    ...credentialsOption(),
    logger: { debug: () => {}, info: () => {}, warn: complain, error: complain },
  });
  try {
    await engine.start();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return { engine, storage, focus, [Symbol.asyncDispose]: () => engine.close() };
}
