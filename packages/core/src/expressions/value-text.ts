import { MAX_VALUE_DEPTH } from "./expression-limits.js";
import type { FunctionContext } from "./functions/function-table.js";

/** Text of a value inside other text: null is empty, lists and objects are JSON. */
export function toText(value: unknown, context: FunctionContext): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      if (value === null) return "";
      return value instanceof Date ? (dateText(value) ?? "") : toJson(value, context);
    default:
      return "";
  }
}

/**
 * JSON of a value, bounded in depth and length where `JSON.stringify` is not: parts shared many times over, which an
 * expression can make, would otherwise take exponential time. Reads own properties only and calls no `toJSON`.
 */
export function toJson(value: unknown, context: FunctionContext, indent = ""): string {
  const writer = new JsonWriter(context, indent);
  writer.write(value, 0);
  return writer.finish();
}

class JsonWriter {
  readonly #parts: string[] = [];
  readonly #context: FunctionContext;
  readonly #indent: string;
  #length = 0;

  constructor(context: FunctionContext, indent: string) {
    this.#context = context;
    this.#indent = indent;
  }

  finish(): string {
    this.#context.chargeText(this.#length);
    return this.#parts.join("");
  }

  write(value: unknown, depth: number): void {
    if (typeof value !== "object" || value === null || value instanceof Date) return this.#add(scalarJson(value));
    if (depth >= MAX_VALUE_DEPTH) {
      this.#context.fail("expression_limit", `the value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
    }
    if (Array.isArray(value)) this.#writeList(value, depth);
    else this.#writeObject(value as Readonly<Record<string, unknown>>, depth);
  }

  #writeList(list: readonly unknown[], depth: number): void {
    this.#add("[");
    for (let index = 0; index < list.length; index += 1) {
      if (index > 0) this.#add(",");
      this.#startLine(depth + 1);
      this.write(list[index], depth + 1);
    }
    if (list.length > 0) this.#startLine(depth);
    this.#add("]");
  }

  #writeObject(object: Readonly<Record<string, unknown>>, depth: number): void {
    this.#add("{");
    let isFirst = true;
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined || typeof value === "function" || typeof value === "symbol") continue;
      if (!isFirst) this.#add(",");
      isFirst = false;
      this.#startLine(depth + 1);
      this.#add(`${JSON.stringify(key)}:${this.#indent === "" ? "" : " "}`);
      this.write(value, depth + 1);
    }
    if (!isFirst) this.#startLine(depth);
    this.#add("}");
  }

  #startLine(depth: number): void {
    if (this.#indent !== "") this.#add(`\n${this.#indent.repeat(depth)}`);
  }

  #add(part: string): void {
    this.#length += part.length;
    this.#context.checkTextLength(this.#length);
    this.#parts.push(part);
  }
}

function scalarJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "boolean":
      return String(value);
    case "bigint":
      return `"${value}"`;
    case "object":
      return value instanceof Date ? JSON.stringify(dateText(value)) : "null";
    default:
      return "null";
  }
}

function dateText(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
