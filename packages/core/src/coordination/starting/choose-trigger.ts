import { ConfigurationError } from "../../errors/errors.js";
import type { ExecutionPlan } from "../../execution/plan.js";

/**
 * The trigger node that fires: the one named, else `start`, else the only one; undefined when there is none.
 * @throws ConfigurationError `trigger_not_found`, `trigger_required`
 */
export function chooseTrigger(plan: ExecutionPlan, name: string | undefined): number | undefined {
  const { triggers, nodes } = plan;
  if (name !== undefined) {
    const named = triggers.find((trigger) => nodes[trigger]?.id === name);
    if (named !== undefined) return named;
    throw new ConfigurationError(
      "trigger_not_found",
      `"${name}" is no trigger node of this workflow; it has ${triggers.map((trigger) => nodes[trigger]?.id).join(", ") || "none"}.`,
    );
  }
  if (triggers.length <= 1) return triggers[0];
  const starts = triggers.filter((trigger) => nodes[trigger]?.type.type === "start");
  if (starts.length === 1) return starts[0];
  throw new ConfigurationError(
    "trigger_required",
    `The workflow has several triggers; name one: execute(..., { trigger }) with ${triggers.map((trigger) => nodes[trigger]?.id).join(", ")}.`,
  );
}
