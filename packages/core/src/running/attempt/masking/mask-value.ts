/**
 * Copies whatever a node hands out at once (fields of a log line, a chunk of a stream, an error) with every text in it
 * masked. What is handed on is a copy, so that nothing can be read from it later that was not looked at here.
 */
import { ERROR_CODES } from "../../../errors/error-codes.js";
import { AutomatrixError } from "../../../errors/errors.js";
import { type MaskText, maskNumber } from "./mask-json.js";
import { MASK } from "./text-masker.js";

/** Deeper parts are masked without being looked at. */
const MAX_DEPTH = 128;
/** Parts beyond this count are masked without being looked at. */
const MAX_PARTS = 100_000;
/** What is read from instances of classes besides their own fields: how errors say what they are. */
const FIELDS_OF_INSTANCES = ["name", "message", "code", "status", "retryAfterMs", "details", "cause"] as const;
/** What the constructor of an error sets, or what has a place of its own there. */
const FIELDS_OF_ERRORS: ReadonlySet<string> = new Set(["message", "stack", "cause", "details", "code", "name"]);

interface Walk {
  readonly mask: MaskText;
  readonly copies: Map<object, unknown>;
  parts: number;
}

/** A masked copy. Never throws: what cannot be read is masked as a whole. */
export function maskValue(value: unknown, mask: MaskText): unknown {
  return copy(value, { mask, copies: new Map(), parts: 0 }, 0);
}

function copy(value: unknown, walk: Walk, depth: number): unknown {
  switch (typeof value) {
    case "undefined":
    case "boolean":
      return value;
    case "string":
      return walk.mask(value);
    case "number":
      return maskNumber(value, walk.mask);
    case "object":
      return value === null ? null : copyObject(value, walk, depth);
    default:
      return copyOddity(value, walk);
  }
}

/** A bigint, symbol or function: as it is written. */
function copyOddity(value: unknown, { mask }: Walk): unknown {
  try {
    const masked = mask(String(value));
    return typeof value === "bigint" && masked !== MASK ? value : masked;
  } catch {
    return MASK;
  }
}

function copyObject(value: object, walk: Walk, depth: number): unknown {
  if (walk.copies.has(value)) return walk.copies.get(value);
  if (depth >= MAX_DEPTH || ++walk.parts > MAX_PARTS) return MASK;
  try {
    return copyReadable(value, walk, depth);
  } catch {
    return MASK;
  }
}

function copyReadable(value: object, walk: Walk, depth: number): unknown {
  if (Array.isArray(value)) return copyList(value, walk, depth);
  // biome-ignore lint/style/noRestrictedGlobals: a Date is a value here
  if (value instanceof Date) return value;
  if (value instanceof URL) return walk.mask(value.href);
  if (ArrayBuffer.isView(value))
    return copyBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), walk);
  if (value instanceof ArrayBuffer) return copyBytes(new Uint8Array(value), walk);
  if (value instanceof Map) return copyEntries(new Map(), value, walk, depth);
  if (value instanceof Set) return copyItems(new Set(), value, walk, depth);
  if (value instanceof Error || AutomatrixError.is(value)) return copyError(value as Error, walk, depth);
  const toJson = (value as { readonly toJSON?: unknown }).toJSON;
  if (typeof toJson === "function") return copy(toJson.call(value), walk, depth + 1);
  const result: Record<string, unknown> = {};
  walk.copies.set(value, result);
  copyFields(value, result, walk, depth);
  return result;
}

function copyList(list: readonly unknown[], walk: Walk, depth: number): unknown {
  const result: unknown[] = [];
  walk.copies.set(list, result);
  for (const item of list) result.push(copy(item, walk, depth + 1));
  return result;
}

function copyEntries(result: Map<unknown, unknown>, map: ReadonlyMap<unknown, unknown>, walk: Walk, depth: number) {
  walk.copies.set(map, result);
  for (const [key, item] of map) result.set(copy(key, walk, depth + 1), copy(item, walk, depth + 1));
  return result;
}

function copyItems(result: Set<unknown>, set: ReadonlySet<unknown>, walk: Walk, depth: number) {
  walk.copies.set(set, result);
  for (const item of set) result.add(copy(item, walk, depth + 1));
  return result;
}

/** A character for each byte and back: what is no text stays as it is. */
function copyBytes(bytes: Uint8Array, { mask }: Walk): Uint8Array {
  return new Uint8Array(Buffer.from(mask(Buffer.from(bytes).toString("latin1")), "latin1"));
}

/** An error of the same kind, as far as code, name and fields tell it. */
function copyError(error: Error & { readonly code?: unknown }, walk: Walk, depth: number): Error {
  const message = walk.mask(String(error.message));
  const result = AutomatrixError.is(error) ? new AutomatrixError(error.code, message) : new Error(message);
  walk.copies.set(error, result);
  const fields: Record<string, unknown> = {};
  copyFields(error, fields, walk, depth);
  // The engine's own codes are words that everybody knows; a secret may happen to be one.
  if (Object.hasOwn(ERROR_CODES, String(error.code))) fields["code"] = error.code;
  for (const [name, value] of Object.entries(fields))
    Object.defineProperty(result, name, {
      value,
      enumerable: !FIELDS_OF_ERRORS.has(name) || Object.getOwnPropertyDescriptor(error, name)?.enumerable === true,
      configurable: true,
      writable: true,
    });
  const { stack } = error;
  Object.defineProperty(result, "stack", {
    value: typeof stack === "string" ? walk.mask(stack) : undefined,
    configurable: true,
    writable: true,
  });
  return result;
}

/** Own fields, and of instances what says what they are. */
function copyFields(source: object, target: Record<string, unknown>, walk: Walk, depth: number): void {
  const prototype = Object.getPrototypeOf(source);
  const isPlain = prototype === Object.prototype || prototype === null;
  const names = new Set(Object.keys(source));
  if (!isPlain) for (const name of FIELDS_OF_INSTANCES) if (name in source) names.add(name);
  for (const name of names) {
    if (++walk.parts > MAX_PARTS) return;
    const value = copyField(source, name, walk, depth);
    Object.defineProperty(target, walk.mask(name), { value, enumerable: true, configurable: true, writable: true });
  }
}

function copyField(source: object, name: string, walk: Walk, depth: number): unknown {
  try {
    return copy((source as Record<string, unknown>)[name], walk, depth + 1);
  } catch {
    return MASK;
  }
}
