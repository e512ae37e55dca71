import { defineNode, z } from "@automatrix/core";
import { choiceParameter } from "../../parameters/choice-parameter.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";

/** Keeps the first or last items of a list. */
export const limit = defineNode({
  type: "limit",
  label: "Limit",
  description: "Keeps the first or the last items of a list, in their order.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      items: itemsParameter(),
      count: z.number().int().min(0).describe("Items to keep."),
      from: choiceParameter(["first", "last"], { start: "first", end: "last" })
        .default("first")
        .describe("Which end to keep; start and end count too."),
    }),
  example: { parameters: { count: 2, from: "last" }, input: [1, 2, 3], output: [2, 3] },
  execute({ parameters, input }) {
    const { items, count, from } = parameters;
    const list = readItems(items, input);
    return from === "first" ? list.slice(0, count) : list.slice(Math.max(0, list.length - count));
  },
});
