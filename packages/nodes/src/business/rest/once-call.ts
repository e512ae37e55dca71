/**
 * What a `once` node has to say about an attempt that failed.
 *
 * The engine asks `verify` after every failure but a `RetryableNodeError`, also when the node knows that nothing happened:
 * a limit found late, a missing credential, a refusal by the service. Such a refusal is recorded as a step, so that
 * `verify` can answer "not done" instead of parking the execution for a person. Each refusal is answered for once: should
 * the attempt start again after a crash, the refusal of its earlier start does not speak for the later one.
 */
import { AutomatrixError, type NodeContext, type VerifyAnswer } from "@automatrix/core";

type OnceContext = Pick<NodeContext, "step" | "attempt" | "attemptId">;

export interface OnceCall<Prepared, Value> {
  /** Everything before the first contact: whatever it throws, nothing has happened. */
  readonly prepare: () => Prepared | Promise<Prepared>;
  /** The contact. A `FatalNodeError` says that the service refused. */
  readonly send: (prepared: Prepared) => Promise<Value>;
}

export async function runOnce<Prepared, Value>(ctx: OnceContext, call: OnceCall<Prepared, Value>): Promise<Value> {
  let prepared: Prepared;
  try {
    prepared = await call.prepare();
  } catch (error) {
    await noteRefusal(ctx);
    throw error;
  }
  try {
    return await call.send(prepared);
  } catch (error) {
    if (AutomatrixError.is(error) && error.name === "FatalNodeError") await noteRefusal(ctx);
    throw error;
  }
}

/** Answers that nothing happened when a refusal was recorded that has not been answered for. */
export async function verifyRefusal(ctx: OnceContext): Promise<VerifyAnswer> {
  for (let count = 0; await isRecorded(ctx, refusalStep(ctx, count)); count += 1) {
    if (await recordFirst(ctx, `answered ${ctx.attempt}.${count}`)) return { notDone: true };
  }
  return { unknown: true };
}

async function noteRefusal(ctx: OnceContext): Promise<void> {
  try {
    for (let count = 0; !(await recordFirst(ctx, refusalStep(ctx, count))); count += 1);
  } catch {
    // An attempt that was stopped meanwhile records nothing; its failure is what counts.
  }
}

function refusalStep({ attempt }: OnceContext, count: number): string {
  return `refused ${attempt}.${count}`;
}

/** True when this start of the node is the first to record the step. */
async function recordFirst(ctx: OnceContext, name: string): Promise<boolean> {
  return (await ctx.step(name, () => ctx.attemptId)) === ctx.attemptId;
}

/** A step that fails is not recorded: asking leaves no trace. */
async function isRecorded(ctx: OnceContext, name: string): Promise<boolean> {
  try {
    await ctx.step(name, () => Promise.reject(new Error("This was not recorded.")));
    return true;
  } catch {
    return false;
  }
}
