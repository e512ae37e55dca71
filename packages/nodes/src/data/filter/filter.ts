import { defineNode, z } from "@automatrix/core";
import { expressionParameter, isTrue } from "../../parameters/expression-parameter.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";

/** Keeps the items for which a condition holds. */
export const filter = defineNode({
  type: "filter",
  label: "Filter",
  description: "Keeps the items of a list for which a condition holds.",
  category: "data",
  effects: "pure",
  deferred: ["condition"],
  parameters: () =>
    z.object({
      items: itemsParameter(),
      condition: expressionParameter(
        "Read for each item as `item`, with its place as `index`, such as item.score > 50.",
      ),
    }),
  example: { parameters: { condition: "item > 1" }, input: [1, 2, 3], output: [2, 3] },
  execute(ctx) {
    return readItems(ctx.parameters.items, ctx.input).filter((item, index) =>
      isTrue(ctx.evaluate("condition", { item, index })),
    );
  },
});
