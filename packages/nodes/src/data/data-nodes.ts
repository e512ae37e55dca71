import type { NodeType } from "@automatrix/core";
import { aggregate } from "./aggregate/aggregate.js";
import { dataTransform } from "./data-transform/data-transform.js";
import { filter } from "./filter/filter.js";
import { jsonSchemaValidate } from "./json-schema-validate/json-schema-validate.js";
import { limit } from "./limit/limit.js";
import { removeDuplicates } from "./remove-duplicates/remove-duplicates.js";
import { setVariables } from "./set-variables/set-variables.js";
import { sort } from "./sort/sort.js";
import { split } from "./split/split.js";

/** Nodes that shape data. */
export const dataNodes: readonly NodeType[] = Object.freeze([
  dataTransform,
  setVariables,
  filter,
  sort,
  aggregate,
  split,
  removeDuplicates,
  limit,
  jsonSchemaValidate,
]);
