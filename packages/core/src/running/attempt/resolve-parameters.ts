import type { AttemptContext } from "./attempt-context.js";
import { ExpressionView } from "./expression-view.js";
import type { NodeAttempt } from "./node-attempt.js";

/** The parameters of the attempt with their expressions evaluated: once, whoever asks first. */
export function resolveParameters(attempt: NodeAttempt, ctx: AttemptContext): Readonly<Record<string, unknown>> {
  attempt.parameters ??= attempt.node.parameters.resolve(new ExpressionView(ctx));
  return attempt.parameters;
}
