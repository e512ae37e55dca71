import type { NodeContext } from "@automatrix/core";

/** What code sees, by name. */
export function codeScope(ctx: NodeContext<unknown>): Readonly<Record<string, () => unknown>> {
  return {
    input: () => ctx.input,
    inputs: () => ctx.inputs,
    nodes: () => ctx.nodes,
    vars: () => ctx.vars,
    trigger: () => ctx.trigger,
    execution: () => ctx.execution,
  };
}
