import { defineNode } from "../definition/define-node.js";
import type { NodeContext } from "../definition/node-context.js";
import type { NodeReturn, NodeType, NodeTypeDeclaration } from "../definition/node-type.js";
import type { Wait, WaitFactory } from "../definition/wait.js";
import { pause } from "./pause.js";

/** What one call of a scripted node does. */
export type ScriptedOutcome =
  /** Completes; `port` other than `default` is emitted. `afterMs` lets that much time pass on the engine's clock. */
  | {
      readonly output: unknown;
      readonly port?: string;
      readonly variables?: Readonly<Record<string, unknown>>;
      readonly afterMs?: number;
    }
  /** Throws this very value. */
  | { readonly error: unknown; readonly afterMs?: number }
  /** Is parked. */
  | { readonly wait: Wait | ((wait: WaitFactory) => Wait) }
  /** Never ends by itself; ends when it is aborted. */
  | { readonly hang: true }
  | ((ctx: NodeContext) => NodeReturn | Promise<NodeReturn>);

/** What a call of a scripted node was given. */
export interface ScriptedCall {
  readonly executionId: string;
  readonly nodePath: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly idempotencyKey: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input: unknown;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch on the engine's clock. */
  readonly at: number;
  readonly signal: AbortSignal;
}

export interface ScriptedNodeOptions extends Omit<NodeTypeDeclaration, "type" | "execute"> {
  /** Default `scripted`. */
  readonly type?: string;
  /** One outcome a call; the last repeats. Empty or left out: every call hands its input on. */
  readonly script?: readonly ScriptedOutcome[];
}

/** A node type that does as told and remembers its calls. */
export type ScriptedNode = NodeType & {
  readonly calls: readonly ScriptedCall[];
};

/**
 * ```ts
 * const flaky = scriptedNode({ type: "flaky", script: [{ error: new RetryableNodeError("busy") }, { output: 42 }] });
 * ```
 */
export function scriptedNode({
  type = "scripted",
  script = [],
  ...declaration
}: ScriptedNodeOptions = {}): ScriptedNode {
  const calls: ScriptedCall[] = [];
  const node = defineNode({
    ...declaration,
    type,
    execute(ctx: NodeContext) {
      const outcome = script[Math.min(calls.length, script.length - 1)];
      calls.push(recordCall(ctx));
      return outcome === undefined ? ctx.input : perform(outcome, ctx);
    },
  });
  return Object.freeze(
    Object.defineProperties(
      {},
      { ...Object.getOwnPropertyDescriptors(node), calls: { value: calls, enumerable: true } },
    ),
  ) as ScriptedNode;
}

function recordCall(ctx: NodeContext): ScriptedCall {
  const { nodePath, attempt, attemptId, idempotencyKey, parameters, input, inputs, vars, signal } = ctx;
  return {
    executionId: ctx.execution.id,
    nodePath,
    attempt,
    attemptId,
    idempotencyKey,
    parameters,
    input,
    inputs,
    vars,
    at: ctx.clock.now(),
    signal,
  };
}

function perform(outcome: ScriptedOutcome, ctx: NodeContext): NodeReturn | Promise<NodeReturn> {
  if (typeof outcome === "function") return outcome(ctx);
  if ("hang" in outcome) return pause(ctx, Number.POSITIVE_INFINITY);
  if ("wait" in outcome) return typeof outcome.wait === "function" ? outcome.wait(ctx.wait) : outcome.wait;
  const finish = () => ("error" in outcome ? fail(outcome.error) : succeed(outcome, ctx));
  return outcome.afterMs === undefined ? finish() : pause(ctx, outcome.afterMs).then(finish);
}

function fail(error: unknown): never {
  throw error;
}

function succeed(
  {
    output,
    port,
    variables,
  }: { readonly output: unknown; readonly port?: string; readonly variables?: Readonly<Record<string, unknown>> },
  ctx: NodeContext,
): NodeReturn {
  if (variables !== undefined) ctx.setVariables(variables);
  if (port !== undefined) ctx.emit(port, output);
  return output;
}
