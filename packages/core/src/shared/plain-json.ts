/**
 * Copies any value to plain, frozen JSON: what leaves a node or enters an execution goes through here, so that every
 * storage sees the same thing and nobody can change it afterwards.
 */

/** Deeper values are refused: no storage or viewer copes with them. */
export const MAX_OUTPUT_DEPTH = 512;

/** Why a value is not JSON; `path` is a JSON pointer to the culprit. */
export class NotSerializableError extends Error {
  readonly path: string;
  constructor(what: string, path: string) {
    super(`${what} at "${path || "/"}" cannot be stored as JSON.`);
    this.path = path;
  }
}

/** Thrown when the copy passes `maxBytes`. */
export class TooLargeError extends Error {}

/** Binary content found in a value, and the object that will stand for it. */
export interface BinaryPart {
  readonly content: Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly placeholder: Record<string, unknown>;
}

export interface PlainJsonOptions {
  readonly maxBytes: number;
  /** Collects binary parts; without it they are refused. */
  readonly binaries?: BinaryPart[];
}

interface Walk {
  bytes: number;
  readonly maxBytes: number;
  readonly binaries: BinaryPart[] | undefined;
  /** Objects on the way down, to tell a cycle from mere depth. */
  readonly ancestors: object[];
  readonly keys: (string | number)[];
}

/** @throws NotSerializableError, TooLargeError */
export function toPlainJson(value: unknown, options: PlainJsonOptions): unknown {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null;
  return copy(value, { bytes: 0, maxBytes: options.maxBytes, binaries: options.binaries, ancestors: [], keys: [] });
}

function copy(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case "string":
      count(walk, value.length + 2);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refuse(`The number ${value}`, walk);
      count(walk, 8);
      // JSON has no negative zero: it would come back from a database as another value than from memory.
      return value === 0 ? 0 : value;
    case "boolean":
      count(walk, 5);
      return value;
    case "undefined":
      count(walk, 4);
      return null;
    case "object":
      return value === null ? null : copyObject(value, walk);
    default:
      throw refuse(`A ${typeof value}`, walk);
  }
}

function copyObject(value: object, walk: Walk): unknown {
  if (walk.ancestors.length >= 8 && walk.ancestors.includes(value)) throw refuse("A cyclic value", walk);
  if (walk.ancestors.length >= MAX_OUTPUT_DEPTH) throw refuse(`A value nested deeper than ${MAX_OUTPUT_DEPTH}`, walk);
  count(walk, 2);
  if (Array.isArray(value)) return copyArray(value, walk);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const special = copyInstance(value, walk);
    if (special !== undefined) return special.value;
  }
  return copyRecord(value as Record<string, unknown>, walk);
}

function copyArray(value: readonly unknown[], walk: Walk): readonly unknown[] {
  const result: unknown[] = [];
  walk.ancestors.push(value);
  for (let index = 0; index < value.length; index++) {
    walk.keys.push(index);
    result.push(copy(value[index], walk));
    walk.keys.pop();
  }
  walk.ancestors.pop();
  return Object.freeze(result);
}

function copyRecord(value: Record<string, unknown>, walk: Walk): unknown {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined) continue;
    count(walk, key.length + 4);
    const copied = isSimple(item) ? copySimple(item, walk) : copyField(value, key, item, walk);
    if (key === "__proto__") Object.defineProperty(result, key, { value: copied, enumerable: true });
    else result[key] = copied;
  }
  return Object.freeze(result);
}

/** Values that can be neither refused nor cyclic, so that nobody need remember the way to them. */
function isSimple(value: unknown): value is string | boolean | number {
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}

function copySimple(value: string | boolean | number, walk: Walk): unknown {
  count(walk, typeof value === "string" ? value.length + 2 : 8);
  return value === 0 ? 0 : value;
}

function copyField(owner: object, key: string, value: unknown, walk: Walk): unknown {
  walk.ancestors.push(owner);
  walk.keys.push(key);
  const copied = copy(value, walk);
  walk.keys.pop();
  walk.ancestors.pop();
  return copied;
}

/** Instances of classes: dates, binary content, `toJSON`; undefined means "copy its own fields". */
function copyInstance(value: object, walk: Walk): { readonly value: unknown } | undefined {
  // biome-ignore lint/style/noRestrictedGlobals: a Date is a value here
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse("An invalid Date", walk);
    count(walk, 26);
    return { value: value.toISOString() };
  }
  if (isBinary(value)) {
    if (walk.binaries === undefined) throw refuse("Binary content", walk);
    const placeholder: Record<string, unknown> = {};
    walk.binaries.push({ content: toContent(value), placeholder });
    return { value: placeholder };
  }
  if (value instanceof Map || value instanceof Set || value instanceof Promise || value instanceof WeakMap) {
    throw refuse(`A ${value.constructor.name}`, walk);
  }
  const toJson = (value as { toJSON?: unknown }).toJSON;
  if (typeof toJson !== "function") return undefined;
  walk.ancestors.push(value);
  const copied = copy(toJson.call(value), walk);
  walk.ancestors.pop();
  return { value: copied };
}

function isBinary(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof ReadableStream ||
    typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === "function"
  );
}

function toContent(value: object): BinaryPart["content"] {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value as BinaryPart["content"];
}

function count(walk: Walk, bytes: number): void {
  walk.bytes += bytes;
  if (walk.bytes > walk.maxBytes) throw new TooLargeError(`The value is larger than ${walk.maxBytes} bytes.`);
}

function refuse(what: string, walk: Walk): NotSerializableError {
  const path = walk.keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return new NotSerializableError(what, path.length > 300 ? `${path.slice(0, 300)}…` : path);
}

/** True for `{}` and what JSON.parse makes of `{...}`; false for arrays, null and class instances. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
