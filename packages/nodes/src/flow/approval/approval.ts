import { defineNode, z } from "@automatrix/core";

/** Waits for people to decide. The engine routes the outcome to `approved`, `rejected` or `timed_out`. */
export const approval = defineNode({
  type: "approval",
  label: "Approval",
  description: "Waits for people to approve or reject. The first rejection rejects; `quorum` approvals approve.",
  category: "flow",
  effects: "pure",
  ports: ["approved", "rejected", "timed_out"],
  parameters: () =>
    z.object({
      message: z.string().describe("What is asked of the people."),
      approvers: z
        .array(z.string().min(1))
        .max(1_000)
        .optional()
        .describe("Who may decide; anybody who may see the execution when left out."),
      quorum: z.number().int().min(1).optional().describe("How many approvals it takes; 1 when left out."),
      deadlineMs: z
        .number()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe(
          "How long to wait, in milliseconds; then `timed_out` is taken, or the node fails when nothing is connected to it.",
        ),
    }),
  example: { parameters: { message: "Ship order 4711?", approvers: ["ada@example.com"], deadlineMs: 86_400_000 } },
  execute({ parameters, wait }) {
    const { message, approvers, quorum, deadlineMs } = parameters;
    return wait.approval({
      message,
      ...(approvers !== undefined && { approvers }),
      ...(quorum !== undefined && { quorum }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
  },
});
