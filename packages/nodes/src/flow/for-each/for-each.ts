import { defineNode, FatalNodeError, type NodeContext, z } from "@automatrix/core";
import { bodyParameter } from "../../parameters/body-parameter.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";
import { ItemRun } from "./item-run.js";

const DEFAULT_CONCURRENCY = 10;
const MAX_CONCURRENCY = 10_000;
const DEFAULT_MAX_ITEMS = 100_000;

const forEachParameters = () =>
  z.object({
    items: itemsParameter(),
    body: bodyParameter(
      "The definition that runs for each item; its input is the item, its variables `item` and `index`.",
    ),
    concurrency: z
      .number()
      .int()
      .min(1)
      .max(MAX_CONCURRENCY)
      .default(DEFAULT_CONCURRENCY)
      .describe("How many items run at a time."),
    batchSize: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("Hands the body lists of so many items in place of single items."),
    onItemError: z
      .enum(["fail", "collect", "skip"])
      .default("fail")
      .describe("fail: start no further item and fail. collect: null in the results. skip: left out of the results."),
    maxItems: z
      .number()
      .int()
      .min(0)
      .default(DEFAULT_MAX_ITEMS)
      .describe("More items than this fail the node before anything runs."),
    distribute: z
      .boolean()
      .default(false)
      .describe("Runs each item as an execution of its own, on any worker that has a place."),
    part: z
      .object({
        firstIndex: z.number().int().min(0),
        variables: z.record(z.string(), z.unknown()),
        trigger: z.unknown().optional(),
      })
      .optional()
      .describe("Set by `distribute` in those executions: where their items stand in the whole list, and what it saw."),
  });

type ForEachParameters = z.output<ReturnType<typeof forEachParameters>>;

/** Runs a body for each item; results come in the order of the items. */
export const forEach = defineNode({
  type: "for_each",
  label: "For each",
  description: "Runs a body for each item of a list, several at a time; results come in the order of the items.",
  category: "flow",
  effects: "pure",
  container: true,
  bodies: ["body"],
  parameters: forEachParameters,
  example: {
    parameters: {
      items: "{{input.names}}",
      body: { nodes: [{ id: "greet", type: "end", data: { output: "Hello {{input}}" } }] },
    },
    input: { names: ["Ada", "Grace"] },
    output: { results: ["Hello Ada", "Hello Grace"], errors: [] },
  },
  async execute(ctx: NodeContext<ForEachParameters>) {
    const { items, maxItems, batchSize } = ctx.parameters;
    const list = readItems(items, ctx.input);
    if (list.length > maxItems) {
      throw new FatalNodeError(`for_each was given ${list.length} items; at most ${maxItems} may run (maxItems).`, {
        code: "too_many_items",
        details: { items: list.length, maxItems },
      });
    }
    return new ItemRun(ctx, batchSize === undefined ? list : toBatches(list, batchSize)).run();
  },
});

function toBatches(items: readonly unknown[], size: number): readonly (readonly unknown[])[] {
  const batches: (readonly unknown[])[] = [];
  for (let from = 0; from < items.length; from += size) batches.push(items.slice(from, from + size));
  return batches;
}
