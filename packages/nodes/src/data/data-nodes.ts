import type { NodeType } from "@automatrix/core";
import { aggregate } from "./aggregate/aggregate.js";
import { compress } from "./compress/compress.js";
import { crypto } from "./crypto/crypto.js";
import { dataTransform } from "./data-transform/data-transform.js";
import { dateTime } from "./date-time/date-time.js";
import { filter } from "./filter/filter.js";
import { format } from "./format/format.js";
import { jsonSchemaValidate } from "./json-schema-validate/json-schema-validate.js";
import { limit } from "./limit/limit.js";
import { parse } from "./parse/parse.js";
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
  parse,
  format,
  dateTime,
  crypto,
  compress,
]);
