import { defineNode, z } from "@automatrix/core";
import { mapFields } from "./map-fields.js";
import { isDeterministic, MAX_PROGRAM_LENGTH, runProgram } from "./run-program.js";

const fieldList = (description: string) => z.array(z.string().min(1)).max(10_000).optional().describe(description);

/** Makes a new object out of the input: by fields, or by a JSONata program. */
export const dataTransform = defineNode({
  type: "data_transform",
  label: "Transform data",
  description: "Sets, keeps, drops and renames fields of the input, or runs a JSONata program on it.",
  category: "data",
  effects: ({ jsonata }) => (jsonata === undefined || isDeterministic(jsonata) ? "pure" : "idempotent"),
  parameters: () =>
    z
      .object({
        set: z.record(z.string().min(1), z.unknown()).optional().describe("New values by field; dots reach inside."),
        keep: fieldList("Fields to keep; all others go."),
        drop: fieldList("Fields to leave out."),
        rename: z.record(z.string().min(1), z.string().min(1)).optional().describe("New names by field."),
        passThrough: z.boolean().default(true).describe("Whether the input's other fields stay."),
        jsonata: z
          .string()
          .min(1)
          .max(MAX_PROGRAM_LENGTH)
          .optional()
          .describe("A JSONata program; its result is the output."),
      })
      .refine(
        (given) =>
          given.jsonata === undefined ||
          [given.set, given.keep, given.drop, given.rename].every((value) => value === undefined),
        "A jsonata program stands alone: leave out set, keep, drop and rename.",
      ),
  example: {
    parameters: { set: { "name.full": "Ada Lovelace" }, drop: ["age"], rename: { mail: "email" } },
    input: { mail: "ada@example.com", age: 36 },
    output: { email: "ada@example.com", name: { full: "Ada Lovelace" } },
  },
  execute(ctx) {
    const { jsonata } = ctx.parameters;
    return jsonata === undefined ? mapFields(ctx.input, ctx.parameters) : runProgram(jsonata, ctx);
  },
});
