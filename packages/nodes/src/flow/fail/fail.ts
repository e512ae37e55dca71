import { defineNode, FatalNodeError, z } from "@automatrix/core";

/** Stops with an error of your own. */
export const fail = defineNode({
  type: "fail",
  label: "Fail",
  description: "Fails with a message and code of your own; no retry mends it.",
  category: "flow",
  effects: "pure",
  parameters: () =>
    z.object({
      message: z.string().describe("What went wrong, for the person who reads it."),
      code: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe("Stable code for programs that react to it; `fatal` when left out."),
    }),
  example: { parameters: { message: "The order has no items.", code: "empty_order" } },
  execute({ parameters }): never {
    const { message, code } = parameters;
    throw new FatalNodeError(message, code === undefined ? {} : { code });
  },
});
