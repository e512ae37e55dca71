import { defineNode, z } from "@automatrix/core";

/** Sets the output of the execution. */
export const end = defineNode({
  type: "end",
  label: "End",
  description: "Sets the output of the execution. It ends nothing: the execution completes when every node is settled.",
  category: "flow",
  effects: "pure",
  parameters: () =>
    z.object({ output: z.unknown().optional().describe("Output of the execution; the node's input when left out.") }),
  example: { parameters: { output: { greeting: "Hello" } }, output: { greeting: "Hello" } },
  execute: ({ parameters, input }) => (parameters.output === undefined ? input : parameters.output),
});
