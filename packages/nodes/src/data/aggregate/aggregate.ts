import { defineNode, z } from "@automatrix/core";
import { fieldReader } from "../../json/field-path.js";
import { isJsonObject } from "../../json/json-kind.js";
import { choiceParameter } from "../../parameters/choice-parameter.js";
import { itemsParameter, readItems } from "../../parameters/items-parameter.js";
import { groupItems } from "./group-items.js";
import { OPERATION_ALIASES, OPERATION_NAMES, type Operation, runOperation } from "./operations.js";

/** Counts, sums and averages a list, as a whole or by group. */
export const aggregate = defineNode({
  type: "aggregate",
  label: "Aggregate",
  description: "Counts, sums, averages, smallest and largest values of a list, as a whole or by group.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      items: itemsParameter(),
      groupBy: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(32)])
        .optional()
        .describe("Field or fields whose equal values make a group; one result for the whole list when left out."),
      operations: z
        .array(
          z.preprocess(
            withOperation,
            z
              .object({
                operation: choiceParameter(OPERATION_NAMES, OPERATION_ALIASES).describe(
                  "What to work out; `op` for short.",
                ),
                field: z
                  .string()
                  .min(1)
                  .optional()
                  .describe("Field it is worked out from; count counts items when left out."),
                as: z
                  .string()
                  .min(1)
                  .optional()
                  .describe("Name of the result; the operation, with _field if there is one, when left out."),
              })
              .refine((given) => given.operation === "count" || given.field !== undefined, {
                error: "Every operation but count needs a field.",
                path: ["field"],
              }),
          ),
        )
        .min(1)
        .max(100)
        .describe("What to work out for each group."),
    }),
  example: {
    parameters: { groupBy: "city", operations: [{ operation: "sum", field: "total", as: "revenue" }] },
    input: [
      { city: "Rome", total: 5 },
      { city: "Oslo", total: 1 },
      { city: "Rome", total: 2 },
    ],
    output: [
      { city: "Rome", revenue: 7 },
      { city: "Oslo", revenue: 1 },
    ],
  },
  execute({ parameters, input }) {
    const { items, groupBy, operations } = parameters;
    const list = readItems(items, input);
    if (groupBy === undefined) return summarize(list, operations);
    const fields = typeof groupBy === "string" ? [groupBy] : groupBy;
    return groupItems(list, fields).map(({ group, members }) => ({ ...group, ...summarize(members, operations) }));
  },
});

function withOperation(given: unknown): unknown {
  if (!isJsonObject(given) || given["op"] === undefined) return given;
  const { op, ...others } = given;
  return { operation: op, ...others };
}

function summarize(items: readonly unknown[], operations: readonly Operation[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    operations.map((operation) => [resultName(operation), runOperation(operation, readValues(items, operation))]),
  );
}

function readValues(items: readonly unknown[], { field }: Operation): readonly unknown[] {
  return field === undefined ? items : items.map(fieldReader(field));
}

function resultName({ operation, field, as }: Operation): string {
  return as ?? (field === undefined ? operation : `${operation}_${field}`);
}
