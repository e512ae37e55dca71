import { AutomatrixError } from "../../errors/errors.js";
import { toPlainJson } from "../../shared/plain-json.js";
import type { NodeAttempt } from "./node-attempt.js";

/** Variables that the attempt set, as plain JSON. @throws AutomatrixError `output_not_serializable` */
export function toAttemptVariables(attempt: NodeAttempt): Record<string, unknown> | undefined {
  if (attempt.variables === undefined) return undefined;
  const { mask, services } = attempt.scope.runner;
  try {
    const variables = toPlainJson(attempt.variables, { maxBytes: services.limits.maxOutputBytes });
    return (mask === undefined ? variables : mask.json(variables)) as Record<string, unknown>;
  } catch (error) {
    throw new AutomatrixError(
      "output_not_serializable",
      `The variables that node "${attempt.path}" set are not JSON.`,
      { cause: error },
    );
  }
}
