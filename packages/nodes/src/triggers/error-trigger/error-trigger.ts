import { defineNode, z } from "@automatrix/core";

export const ERROR_TRIGGER = "error_trigger";

/** Entry of a workflow that runs when another one failed; its output tells which and why. */
export const errorTrigger = defineNode({
  type: ERROR_TRIGGER,
  label: "On error",
  description:
    "Starts the workflow when an execution of another workflow fails. A workflow of this kind that fails starts none.",
  category: "trigger",
  effects: "pure",
  parameters: () =>
    z.object({
      workflowIds: z
        .array(z.string().min(1))
        .optional()
        .describe("Workflows whose failures start this one; all of them when left out."),
    }),
  example: {
    parameters: {},
    input: {
      execution: { id: "e1", workflowId: "billing" },
      error: { code: "node_failed", message: "no", nodeId: "a" },
    },
    output: {
      execution: { id: "e1", workflowId: "billing" },
      error: { code: "node_failed", message: "no", nodeId: "a" },
    },
  },
  execute: ({ input }) => input,
});
