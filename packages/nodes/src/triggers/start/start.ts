import { defineNode, z } from "@automatrix/core";
import { checkAgainstSchema } from "../../json-schema/check-against-schema.js";

/** Entry of a workflow; its output is the execution's input, checked by `schema` if there is one. */
export const start = defineNode({
  type: "start",
  aliases: ["manual_trigger"],
  label: "Start",
  description: "Where an execution enters. Checks the input against a JSON Schema when one is given.",
  category: "trigger",
  effects: "pure",
  parameters: () =>
    z.object({
      schema: z
        .union([z.record(z.string(), z.unknown()), z.boolean()])
        .optional()
        .describe("JSON Schema (2020-12) that the execution's input must meet; anything is accepted when left out."),
    }),
  example: {
    parameters: { schema: { type: "object", required: ["email"] } },
    input: { email: "ada@example.com" },
    output: { email: "ada@example.com" },
  },
  execute(ctx) {
    const { schema } = ctx.parameters;
    if (schema !== undefined) checkAgainstSchema(schema, ctx.input, "input");
    return ctx.input;
  },
});
