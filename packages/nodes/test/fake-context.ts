import {
  AutomatrixError,
  type ExecutionInfo,
  type NodeContext,
  type NodeType,
  type RunBodyOptions,
  type WorkflowDefinition,
} from "@automatrix/core";
import { waitFactory } from "../../core/src/definition/wait.js";

/** A body run as the node asked for it. */
export interface BodyCall {
  readonly definition: WorkflowDefinition;
  readonly input: unknown;
  readonly key: string;
  readonly options: RunBodyOptions;
}

export interface FakeRun {
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly input?: unknown;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  /** Milliseconds since the epoch that the clock shows. */
  readonly now?: number;
  readonly evaluate?: (parameter: string, extra: Readonly<Record<string, unknown>>) => unknown;
  readonly runBody?: (call: BodyCall) => unknown;
}

export interface FakeContext {
  readonly ctx: NodeContext<never>;
  readonly emitted: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly bodies: readonly BodyCall[];
}

/** The part of the node contract that the standard nodes use, answered from the test. Inputs are frozen, as in the engine. */
export function fakeContext(node: NodeType, run: FakeRun = {}): FakeContext {
  const emitted: Record<string, unknown> = {};
  const variables: Record<string, unknown> = {};
  const bodies: BodyCall[] = [];
  const input = deepFreeze(run.input === undefined ? {} : run.input);
  const ctx = {
    parameters: deepFreeze(node.parameterSchema?.parse(run.parameters ?? {}) ?? {}),
    input,
    inputs: deepFreeze(run.inputs ?? {}),
    inputList: Object.entries(deepFreeze(run.inputs ?? {})),
    vars: run.vars ?? {},
    trigger: input,
    nodes: {},
    execution: {} as ExecutionInfo,
    signal: run.signal ?? new AbortController().signal,
    wait: waitFactory,
    clock: { now: () => run.now ?? 0 },
    random: { next: () => 0.5 },
    progress: () => undefined,
    emit: (port: string, value: unknown) => {
      emitted[port] = value;
    },
    setVariables: (values: Readonly<Record<string, unknown>>) => {
      Object.assign(variables, values);
    },
    evaluate: (parameter: string, extra: Readonly<Record<string, unknown>> = {}) =>
      run.evaluate?.(parameter, extra) ?? null,
    runBody: async (definition: WorkflowDefinition, bodyInput: unknown, key: string, options: RunBodyOptions = {}) => {
      const call = { definition, input: bodyInput, key, options };
      bodies.push(call);
      return run.runBody?.(call);
    },
  };
  return { ctx: ctx as unknown as NodeContext<never>, emitted, variables, bodies };
}

/** Runs the node's function on a fake context and resolves to what it returned. */
export async function runNode(node: NodeType, run: FakeRun = {}): Promise<unknown> {
  return node.execute(fakeContext(node, run).ctx);
}

/** The AutoMatrix error that a run fails with. */
export async function failureOf(node: NodeType, run: FakeRun = {}): Promise<AutomatrixError> {
  try {
    await runNode(node, run);
  } catch (error) {
    if (AutomatrixError.is(error)) return error;
    throw error;
  }
  throw new Error(`${node.type} did not fail`);
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
