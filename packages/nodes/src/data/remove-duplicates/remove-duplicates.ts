import { defineNode, z } from "@automatrix/core";
import { canonicalJson } from "../../json/canonical-json.js";
import { fieldReader } from "../../json/field-path.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";

/** Keeps the first of equal items. */
export const removeDuplicates = defineNode({
  type: "remove_duplicates",
  label: "Remove duplicates",
  description: "Keeps the first of equal items, compared as a whole or by fields.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      items: itemsParameter(),
      by: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(32)])
        .optional()
        .describe("Field or fields that make items equal; the whole item when left out."),
    }),
  example: {
    parameters: { by: "email" },
    input: [{ email: "a" }, { email: "b" }, { email: "a" }],
    output: [{ email: "a" }, { email: "b" }],
  },
  execute({ parameters, input }) {
    const keyOf = keyReader(parameters.by);
    const seen = new Set<string>();
    return readItems(parameters.items, input).filter((item) => {
      const key = keyOf(item);
      return !seen.has(key) && seen.add(key);
    });
  },
});

function keyReader(by: string | readonly string[] | undefined): (item: unknown) => string {
  if (by === undefined) return canonicalJson;
  const readers = (typeof by === "string" ? [by] : by).map(fieldReader);
  return (item) => canonicalJson(readers.map((read) => read(item)));
}
