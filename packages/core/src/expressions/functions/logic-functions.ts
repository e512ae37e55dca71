import { isKeyedObject } from "../own-property.js";
import { describeKind, kindOf } from "../value-kind.js";
import { toJson, toText } from "../value-text.js";
import { textOf } from "./arguments.js";
import { areEqual } from "./equality.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";

/** Functions that choose, test and convert. */
export const logicFunctions: FunctionTable = {
  default: defineFunction("default(value, otherwise)", ([value, otherwise]) =>
    value === null || value === undefined || value === "" ? otherwise : value,
  ),
  coalesce: defineFunction("coalesce(...values)", (values) => values.find((value) => (value ?? null) !== null)),
  not: defineFunction("not(value)", ([value]) => !value),
  equals: defineFunction("equals(a, b)", ([a, b], context) => areEqual(a, b, context)),
  isEmpty: defineFunction("isEmpty(value)", ([value]) => isEmpty(value)),
  isNotEmpty: defineFunction("isNotEmpty(value)", ([value]) => !isEmpty(value)),
  exists: defineFunction("exists(value)", ([value]) => (value ?? null) !== null),
  typeOf: defineFunction("typeOf(value)", ([value]) => kindOf(value)),
  isNull: defineFunction("isNull(value)", ([value]) => kindOf(value) === "null"),
  isText: defineFunction("isText(value)", ([value]) => kindOf(value) === "text"),
  isNumber: defineFunction("isNumber(value)", ([value]) => kindOf(value) === "number"),
  isBoolean: defineFunction("isBoolean(value)", ([value]) => kindOf(value) === "boolean"),
  isList: defineFunction("isList(value)", ([value]) => kindOf(value) === "list"),
  isObject: defineFunction("isObject(value)", ([value]) => kindOf(value) === "object"),
  string: defineFunction("string(value)", ([value], context) => toText(value, context)),
  boolean: defineFunction("boolean(value)", ([value], context) => toBoolean(value, context)),
  json: defineFunction("json(value, indent?)", ([value, indent], context) =>
    toJson(value, context, indent === undefined ? "" : " ".repeat(indentOf(indent))),
  ),
  parseJson: defineFunction("parseJson(text, otherwise?)", (values, context) => parseJson(values, context)),
};

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isKeyedObject(value) && !(value instanceof Date) && Object.keys(value).length === 0;
}

const TRUE_TEXTS: ReadonlySet<string> = new Set(["true", "yes", "on", "1"]);
const FALSE_TEXTS: ReadonlySet<string> = new Set(["false", "no", "off", "0", ""]);

function toBoolean(value: unknown, context: FunctionContext): boolean {
  if (typeof value !== "string") return Boolean(value);
  const text = textOf(value, context).trim().toLowerCase();
  if (TRUE_TEXTS.has(text)) return true;
  if (FALSE_TEXTS.has(text)) return false;
  return context.fail("expression_failed", "boolean() reads true, yes, on, 1 and false, no, off, 0 or nothing");
}

const MAX_INDENT = 10;

function indentOf(indent: unknown): number {
  return typeof indent === "number" && indent > 0 ? Math.min(MAX_INDENT, Math.floor(indent)) : 0;
}

function parseJson(values: readonly unknown[], context: FunctionContext): unknown {
  const [value, otherwise] = values;
  if (typeof value === "string") {
    context.chargeText(value.length);
    try {
      return mayHavePrototypeKey(value) ? JSON.parse(value, withoutPrototypeKey) : JSON.parse(value);
    } catch (cause) {
      if (values.length > 1) return otherwise;
      return context.fail("expression_failed", "parseJson() needs a text that is JSON", { cause });
    }
  }
  if (values.length > 1) return otherwise;
  return context.fail("expression_type", `parseJson() needs a text, not ${describeKind(value)}`);
}

function mayHavePrototypeKey(text: string): boolean {
  return text.includes("__proto__") || text.includes("\\u");
}

function withoutPrototypeKey(key: string, value: unknown): unknown {
  return key === "__proto__" ? undefined : value;
}
