import { defineNode } from "../../definition/define-node.js";
import type { NodeContext } from "../../definition/node-context.js";
import type { NodeType } from "../../definition/node-type.js";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import { FatalNodeError, RetryableNodeError } from "../../errors/errors.js";
import { pause } from "../pause.js";
import type { CrashProbe } from "./crash-log.js";

/** Parameters of {@link workNode}, all optional. */
interface WorkParameters {
  /** Its output; its input and `{ [its id]: true }` merged when left out. */
  readonly output?: unknown;
  /** Time that it takes on the engine's clock; 0 when left out. */
  readonly afterMs?: number;
  /** Attempts that fail with a `RetryableNodeError`. */
  readonly failingAttempts?: number;
  /** Fails for good with this message. */
  readonly error?: string | null;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Never ends by itself. */
  readonly hangs?: boolean;
}

/**
 * The node types of the corpus: `work` (idempotent), `compute` (pure), `steps`, `pay` and `pay_blindly` (once), `delaying`, `signalling`, `approving`,
 * and stand-ins for the containers `for_each`, `while_loop`, `try` and `sub_workflow`.
 */
export function crashNodes(probe: CrashProbe): readonly NodeType[] {
  return [workNode(probe), computeNode, stepsNode(probe), ...payNodes(probe), ...waitNodes(probe), ...CONTAINER_NODES];
}

function workNode(probe: CrashProbe): NodeType {
  return defineNode({
    type: "work",
    ports: ["default", "other"],
    async execute(ctx: NodeContext) {
      probe.called(ctx);
      return work(ctx, ctx.parameters as WorkParameters);
    },
  });
}

async function work(ctx: NodeContext, parameters: WorkParameters): Promise<unknown> {
  const { afterMs = 0, failingAttempts = 0, error, variables, hangs = false } = parameters;
  if (afterMs > 0 || hangs) await pause(ctx, hangs ? Number.POSITIVE_INFINITY : afterMs);
  if (typeof error === "string") throw new FatalNodeError(error);
  if (ctx.attempt <= failingAttempts) throw new RetryableNodeError("busy");
  if (variables !== undefined) ctx.setVariables(variables);
  return parameters.output === undefined ? merged(ctx) : parameters.output;
}

const computeNode = defineNode({ type: "compute", effects: "pure", execute: (ctx: NodeContext) => merged(ctx) });

function merged({ input, nodeId }: NodeContext): unknown {
  return { ...(typeof input === "object" && input !== null ? input : { input }), [nodeId]: true };
}

/** An agent's loop: a paid call each turn, each a step; then one more effect. */
function stepsNode(probe: CrashProbe): NodeType {
  return defineNode({
    type: "steps",
    async execute(ctx: NodeContext) {
      probe.called(ctx);
      const answers: unknown[] = [];
      for (let turn = 1; turn <= Number(ctx.parameters["turns"]); turn++) {
        answers.push(
          await ctx.step(`ask-${turn}`, async () => {
            probe.stepRan(ctx, `ask-${turn}`);
            await pause(ctx, 100);
            return { turn };
          }),
        );
      }
      if (ctx.attempt <= Number(ctx.parameters["failingAttempts"] ?? 0)) throw new RetryableNodeError("busy");
      return answers;
    },
  });
}

/** Two that must not be called again: `pay` can ask its target whether it was, `pay_blindly` cannot. */
function payNodes(probe: CrashProbe): readonly NodeType[] {
  const pay = async (ctx: NodeContext) => {
    probe.called(ctx, { isOnce: true });
    await pause(ctx, 100);
    return { paid: true };
  };
  return [
    defineNode({
      type: "pay",
      effects: "once",
      execute: pay,
      verify: (ctx: NodeContext) => (probe.wasCalled(ctx) ? { done: true, output: { paid: true } } : { notDone: true }),
    }),
    defineNode({ type: "pay_blindly", effects: "once", execute: pay }),
  ];
}

function waitNodes(probe: CrashProbe): readonly NodeType[] {
  return [
    defineNode({
      type: "delaying",
      execute(ctx: NodeContext) {
        probe.called(ctx);
        return ctx.wait.delay(Number(ctx.parameters["delayMs"]));
      },
    }),
    defineNode({
      type: "signalling",
      ports: ["default", "timed_out"],
      execute(ctx: NodeContext) {
        probe.called(ctx);
        const { name = "go", timeoutMs } = ctx.parameters as { readonly name?: string; readonly timeoutMs?: number };
        return ctx.wait.signal(name, timeoutMs === undefined ? {} : { timeoutMs });
      },
    }),
    defineNode({
      type: "approving",
      ports: ["approved", "rejected", "timed_out"],
      execute(ctx: NodeContext) {
        probe.called(ctx);
        return ctx.wait.approval({ message: "ok?", quorum: Number(ctx.parameters["quorum"] ?? 1) });
      },
      // The instants of decisions are no part of the end that is compared.
      resume: (ctx: NodeContext, outcome) =>
        outcome.kind === "approval"
          ? ctx.emit(outcome.decision, { by: outcome.decisions.map(({ by }) => by) })
          : ctx.emit("timed_out", null),
    }),
    defineNode({
      type: "sub_workflow",
      bodies: ["definition"],
      execute(ctx: NodeContext) {
        probe.called(ctx);
        return ctx.wait.execution(ctx.parameters["definition"] as WorkflowDefinition, { input: ctx.input });
      },
    }),
  ];
}

// ── containers ───────────────────────────────────────────────────────────────

const forEachNode = defineNode({
  type: "for_each",
  effects: "pure",
  container: true,
  bodies: ["body"],
  async execute(ctx: NodeContext) {
    const { body, items, concurrency } = ctx.parameters as {
      readonly body: WorkflowDefinition;
      readonly items: readonly unknown[];
      readonly concurrency: number;
    };
    const results: unknown[] = [];
    const failed: number[] = [];
    let next = 0;
    const lane = async () => {
      while (next < items.length) {
        const index = next++;
        const item = items[index];
        try {
          results[index] = await ctx.runBody(body, item, `[${index}]`, { variables: { item, index } });
        } catch (error) {
          if (ctx.signal.aborted) throw error;
          results[index] = null;
          failed.push(index);
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
    return { results, failed: failed.sort((a, b) => a - b) };
  },
});

const whileLoopNode = defineNode({
  type: "while_loop",
  effects: "pure",
  container: true,
  bodies: ["body"],
  async execute(ctx: NodeContext) {
    const { body, turns } = ctx.parameters as { readonly body: WorkflowDefinition; readonly turns: number };
    let output: unknown = ctx.input;
    let carried: Readonly<Record<string, unknown>> = {};
    for (let index = 0; index < turns; index++)
      output = await ctx.runBody(body, output, `[${index}]`, {
        variables: { ...carried, index },
        onVariables: (set) => {
          carried = { ...carried, ...set };
        },
      });
    return { output, carried };
  },
});

const tryNode = defineNode({
  type: "try",
  effects: "pure",
  container: true,
  bodies: ["body", "catch", "finally"],
  async execute(ctx: NodeContext) {
    const bodies = ctx.parameters as Readonly<Record<"body" | "catch" | "finally", WorkflowDefinition>>;
    try {
      return await ctx.runBody(bodies.body, ctx.input, "[body]");
    } catch (error) {
      if (ctx.signal.aborted) throw error;
      return await ctx.runBody(bodies.catch, { caught: true }, "[catch]");
    } finally {
      if (!ctx.signal.aborted) await ctx.runBody(bodies.finally, {}, "[finally]", { cleanup: true });
    }
  },
});

const CONTAINER_NODES: readonly NodeType[] = [forEachNode, whileLoopNode, tryNode];
