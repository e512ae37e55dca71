import { defineNode, z } from "@automatrix/core";
import { compareValues, isMissing } from "../../json/compare-values.js";
import { fieldReader } from "../../json/field-path.js";
import { choiceParameter } from "../../parameters/choice-parameter.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";

interface Criterion {
  readonly field?: string | undefined;
  readonly order: "asc" | "desc";
}

/** Sorts a list; equal items keep their order, and items without a value come last. */
export const sort = defineNode({
  type: "sort",
  label: "Sort",
  description: "Sorts a list by one or more fields. Equal items keep their order; items without a value come last.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      items: itemsParameter(),
      by: z
        .preprocess(
          toList,
          z
            .array(
              z.object({
                field: z
                  .string()
                  .min(1)
                  .optional()
                  .describe("Field to compare, dots reach inside; the item itself when left out."),
                order: choiceParameter(["asc", "desc"], { ascending: "asc", descending: "desc" })
                  .default("asc")
                  .describe("Smallest or largest first."),
              }),
            )
            .min(1)
            .max(32),
        )
        .default([{ order: "asc" }])
        .describe("What to compare, the most important first; a single one, or a field's name, may stand alone."),
    }),
  example: {
    parameters: { by: [{ field: "age", order: "desc" }] },
    input: [{ age: 1 }, { age: 3 }],
    output: [{ age: 3 }, { age: 1 }],
  },
  execute: ({ parameters, input }) => sortItems(readItems(parameters.items, input), parameters.by),
});

function toList(by: unknown): unknown {
  const list: readonly unknown[] = Array.isArray(by) ? by : [by];
  return list.map((criterion) => (typeof criterion === "string" ? { field: criterion } : criterion));
}

function sortItems(items: readonly unknown[], by: readonly Criterion[]): readonly unknown[] {
  const readers = by.map(({ field }) => (field === undefined ? (item: unknown) => item : fieldReader(field)));
  const keyed = items.map((item) => ({ item, keys: readers.map((read) => read(item)) }));
  keyed.sort((a, b) => compareKeys(a.keys, b.keys, by));
  return keyed.map(({ item }) => item);
}

function compareKeys(left: readonly unknown[], right: readonly unknown[], by: readonly Criterion[]): number {
  for (const [place, { order }] of by.entries()) {
    const a = left[place];
    const b = right[place];
    if (isMissing(a) || isMissing(b)) {
      if (isMissing(a) !== isMissing(b)) return isMissing(a) ? 1 : -1;
      continue;
    }
    const compared = compareValues(a, b);
    if (compared !== 0) return order === "asc" ? compared : -compared;
  }
  return 0;
}
