import { defineNode, FatalNodeError, type NodeContext, z } from "@automatrix/core";
import { bodyParameter } from "../../parameters/body-parameter.js";
import { expressionParameter, isTrue } from "../../parameters/expression-parameter.js";

const MOST_ITERATIONS = 1_000_000;

const whileLoopParameters = () =>
  z.object({
    condition: expressionParameter(
      "Read before each turn; `input` is the previous turn's output, `index` the turn's number from 0.",
    ),
    body: bodyParameter(
      "The definition of a turn; its input is the previous turn's output. Variables it sets are seen in later turns.",
    ),
    maxIterations: z
      .number()
      .int()
      .min(1)
      .max(MOST_ITERATIONS)
      .describe("Turns after which a condition that is still true fails the node."),
  });

type WhileLoopParameters = z.output<ReturnType<typeof whileLoopParameters>>;

/** Runs a body while a condition holds, turn after turn. */
export const whileLoop = defineNode({
  type: "while_loop",
  label: "While loop",
  description:
    "Runs a body turn after turn while a condition holds, within a limit; its output is that of the last turn.",
  category: "flow",
  effects: "pure",
  container: true,
  bodies: ["body"],
  deferred: ["condition"],
  unbounded: (parameters) =>
    parameters["maxIterations"] === undefined
      ? "A while_loop needs maxIterations: the turns after which it fails."
      : undefined,
  parameters: whileLoopParameters,
  example: {
    parameters: {
      condition: "input.count < 3",
      maxIterations: 10,
      body: { nodes: [{ id: "add", type: "end", data: { output: { count: "{{input.count + 1}}" } } }] },
    },
    input: { count: 0 },
    output: { count: 3 },
  },
  async execute(ctx: NodeContext<WhileLoopParameters>) {
    const { body, maxIterations } = ctx.parameters;
    let output: unknown = ctx.input;
    let carried: Readonly<Record<string, unknown>> = {};
    const onVariables = (set: Readonly<Record<string, unknown>>): void => {
      carried = { ...carried, ...set };
    };
    for (let index = 0; goesOn(ctx, output, index, carried); index += 1) {
      if (index >= maxIterations) throw limitReached(maxIterations);
      ctx.signal.throwIfAborted();
      output = await ctx.runBody(body, output, `[${index}]`, { variables: { ...carried, index }, onVariables });
    }
    return output;
  },
});

function goesOn(
  ctx: NodeContext<WhileLoopParameters>,
  input: unknown,
  index: number,
  carried: Readonly<Record<string, unknown>>,
): boolean {
  return isTrue(ctx.evaluate("condition", { ...carried, vars: { ...ctx.vars, ...carried }, input, index }));
}

function limitReached(maxIterations: number): FatalNodeError {
  return new FatalNodeError(`The condition was still true after ${maxIterations} turns (maxIterations).`, {
    code: "loop_limit_reached",
    details: { maxIterations },
  });
}
