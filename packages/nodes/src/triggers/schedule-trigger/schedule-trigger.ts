import { defineNode, isCronExpression, z } from "@automatrix/core";

/** Entry of a workflow that a schedule starts; its output is the execution's input. */
export const scheduleTrigger = defineNode({
  type: "schedule_trigger",
  label: "Schedule",
  description: "Starts the workflow at the slots of a cron expression.",
  category: "trigger",
  effects: "pure",
  parameters: () =>
    z.object({
      cron: z
        .string()
        .refine(
          (cron) => isCronExpression(cron),
          "Give a cron expression of five or six fields, or a macro such as @daily, that matches some day.",
        )
        .describe("Five fields, six with seconds in front, or a macro such as `@daily`: when the workflow starts."),
      timezone: z
        .string()
        .refine(
          (timezone) => isCronExpression("@daily", timezone),
          "Give the IANA name of a time zone, such as Europe/Berlin or UTC.",
        )
        .default("UTC")
        .describe("IANA name of the zone that the expression is meant in."),
      overlap: z
        .enum(["allow", "skip", "buffer_one", "cancel_other"])
        .default("skip")
        .describe("What to do with a slot that comes while an execution of the schedule has not ended."),
      missed: z
        .enum(["skip", "latest", "all"])
        .default("latest")
        .describe("What to do with slots that passed while nothing could fire them."),
    }),
  example: { parameters: { cron: "0 9 * * 1-5", timezone: "Europe/Berlin" }, input: {}, output: {} },
  execute: ({ input }) => input,
});
