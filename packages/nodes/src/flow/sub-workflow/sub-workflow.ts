import { defineNode, z } from "@automatrix/core";
import { bodyParameter } from "../../parameters/body-parameter.js";

/** Runs another workflow as a child execution; its output is the output. */
export const subWorkflow = defineNode({
  type: "sub_workflow",
  label: "Sub-workflow",
  description: "Runs another workflow as an execution of its own, and waits for its output or goes on at once.",
  category: "flow",
  effects: "idempotent",
  bodies: ["definition"],
  parameters: () =>
    z
      .object({
        workflowId: z.string().min(1).optional().describe("The saved workflow to run."),
        definition: bodyParameter("A definition to run, in place of a saved workflow.").optional(),
        version: z
          .number()
          .int()
          .min(1)
          .optional()
          .describe("Version of the saved workflow; the published one, else the latest, when left out."),
        input: z.unknown().optional().describe("Input of the child; the node's input when left out."),
        wait: z
          .boolean()
          .default(true)
          .describe("Whether to wait for the child; if not, the output is { executionId }."),
        distribute: z
          .boolean()
          .default(false)
          .describe("Lets any worker that has a place run the child; otherwise the worker of this execution does."),
      })
      .refine(
        (given) => (given.workflowId === undefined) !== (given.definition === undefined),
        "Give either workflowId or definition.",
      ),
  example: {
    parameters: { workflowId: "score-lead", input: { lead: "{{input.lead}}" } },
    input: { lead: { name: "Ada" } },
  },
  execute({ parameters, input, wait }) {
    const { workflowId, definition, version } = parameters;
    return wait.execution(definition ?? (workflowId as string), {
      input: parameters.input === undefined ? input : parameters.input,
      detach: !parameters.wait,
      distribute: parameters.distribute,
      ...(version !== undefined && { version }),
    });
  },
});
