import { AutomatrixError, defineNode, type NodeContext, z } from "@automatrix/core";
import { isInterruption, toBodyError } from "../../container/body-error.js";
import { bodyParameter } from "../../parameters/body-parameter.js";

const tryParameters = () =>
  z.object({
    body: bodyParameter("The definition to try; its input is the node's input."),
    catch: bodyParameter(
      "Runs when the body failed, with the input { error, input }; its output becomes the output.",
    ).optional(),
    finally: bodyParameter(
      "Runs at last, after success and after failure, with the input { output, error, input }; its output is dropped.",
    ).optional(),
  });

type TryContext = NodeContext<z.output<ReturnType<typeof tryParameters>>>;

/** How body and catch ended. */
type Outcome = { readonly output: unknown } | { readonly error: unknown };

/** Ends after which nothing may run any more, not even `finally`. */
const FINAL_INTERRUPTIONS: ReadonlySet<string> = new Set([
  "execution_cancelled",
  "execution_timed_out",
  "engine_closed",
  "lease_lost",
]);

/** Runs a body, and another one if it fails. */
export const tryNode = defineNode({
  type: "try",
  label: "Try",
  description: "Runs a body; if it fails, `catch`; in the end, whatever happened, `finally`.",
  category: "flow",
  effects: "pure",
  container: true,
  bodies: ["body", "catch", "finally"],
  parameters: tryParameters,
  example: {
    parameters: {
      body: { nodes: [{ id: "stop", type: "fail", data: { message: "no" } }] },
      catch: { nodes: [{ id: "answer", type: "end", data: { output: "caught {{input.error.code}}" } }] },
    },
    output: "caught fatal",
  },
  async execute(ctx: TryContext) {
    const outcome = await settle(() => runBodyAndCatch(ctx));
    await runFinally(ctx, outcome);
    if ("error" in outcome) throw outcome.error;
    return outcome.output;
  },
});

async function runBodyAndCatch(ctx: TryContext): Promise<unknown> {
  const { body, catch: onFailure } = ctx.parameters;
  try {
    return await ctx.runBody(body, ctx.input, "[body]");
  } catch (error) {
    if (onFailure === undefined || isInterruption(error, ctx.signal)) throw error;
    return await ctx.runBody(onFailure, { error: toBodyError(error), input: ctx.input }, "[catch]");
  }
}

async function runFinally(ctx: TryContext, outcome: Outcome): Promise<void> {
  const { finally: atLast } = ctx.parameters;
  if (atLast === undefined || ("error" in outcome && isFinal(outcome.error, ctx.signal))) return;
  const input = {
    output: "error" in outcome ? null : outcome.output,
    error: "error" in outcome ? toBodyError(outcome.error) : null,
    input: ctx.input,
  };
  await ctx.runBody(atLast, input, "[finally]", { cleanup: true });
}

/** Whether the execution itself is over. An abort for another reason (a failure elsewhere) still lets `finally` run. */
function isFinal(error: unknown, signal: AbortSignal): boolean {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (!AutomatrixError.is(reason)) return signal.aborted;
  return FINAL_INTERRUPTIONS.has(reason.code);
}

async function settle(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { output: await run() };
  } catch (error) {
    return { error };
  }
}
