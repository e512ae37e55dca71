import { defineNode, z } from "@automatrix/core";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";

/** Cuts a list into lists of a size. */
export const split = defineNode({
  type: "split",
  label: "Split",
  description: "Cuts a list into lists of a size; the last may be shorter.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({ items: itemsParameter(), size: z.number().int().min(1).describe("Items of each list.") }),
  example: { parameters: { size: 2 }, input: [1, 2, 3], output: [[1, 2], [3]] },
  execute({ parameters, input }) {
    const list = readItems(parameters.items, input);
    const { size } = parameters;
    return Array.from({ length: Math.ceil(list.length / size) }, (_, place) =>
      list.slice(place * size, (place + 1) * size),
    );
  },
});
