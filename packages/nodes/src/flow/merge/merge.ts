import { defineNode, z } from "@automatrix/core";
import { combine, concatenate, joinByKey, joinByPosition } from "./merge-modes.js";

/** Brings branches together. Works on the live inputs in the order of the edges. */
export const merge = defineNode({
  type: "merge",
  label: "Merge",
  description:
    "Brings branches together: one list, one object, rows joined by key or position, or the first live input.",
  category: "flow",
  effects: "pure",
  parameters: () =>
    z
      .object({
        mode: z
          .enum(["append", "combine", "by_key", "by_position", "first"])
          .default("combine")
          .describe(
            "append: one list of all items. combine: one object, later inputs win. by_key: rows joined by `key`. by_position: rows joined by place. first: the first live input.",
          ),
        key: z.string().min(1).optional().describe("Field that rows are joined by (mode by_key); dots reach inside."),
      })
      .refine((given) => given.mode !== "by_key" || given.key !== undefined, {
        error: "Mode by_key needs a key.",
        path: ["key"],
      }),
  example: { parameters: { mode: "append" } },
  execute({ parameters, inputList }) {
    const { mode, key } = parameters;
    const values = inputList.map(([, value]) => value);
    switch (mode) {
      case "append":
        return concatenate(values);
      case "combine":
        return combine(inputList);
      case "by_key":
        return joinByKey(values, key as string);
      case "by_position":
        return joinByPosition(values);
      case "first":
        return values[0] ?? null;
    }
  },
});
