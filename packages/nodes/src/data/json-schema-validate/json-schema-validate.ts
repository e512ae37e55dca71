import { defineNode, z } from "@automatrix/core";
import { checkAgainstSchema } from "../../json-schema/check-against-schema.js";

/** Passes data on that meets a JSON Schema, and fails for data that does not. */
export const jsonSchemaValidate = defineNode({
  type: "json_schema_validate",
  label: "Validate with JSON Schema",
  description:
    "Passes data on that meets a JSON Schema; for other data it fails, listing every issue with its JSON pointer.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      schema: z
        .union([z.record(z.string(), z.unknown()), z.boolean()])
        .describe("JSON Schema (2020-12). References stay within it; `format` is not checked."),
      data: z.unknown().optional().describe("What to check; the input when left out."),
    }),
  example: {
    parameters: { schema: { type: "object", required: ["email"] } },
    input: { email: "ada@example.com" },
    output: { email: "ada@example.com" },
  },
  execute({ parameters, input }) {
    const data: unknown = parameters.data === undefined ? input : parameters.data;
    checkAgainstSchema(parameters.schema, data, "data");
    return data;
  },
});
