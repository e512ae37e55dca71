import type { Limits } from "../definition/limits.js";
import type { NodeRegistry } from "../definition/node-registry.js";
import type { IssueCollector } from "./issue-collector.js";
import { childPointer } from "./json-pointer.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";

/** What an object or array of the definition is. */
type Role = "definition" | "nodes" | "node" | "data" | "edges" | "plain";

/** An object or array that is being read. */
interface Frame {
  readonly source: object;
  readonly copy: Record<string, unknown> | unknown[];
  /** Undefined for an array. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  readonly role: Role;
  /** Nesting within its own definition. */
  readonly depth: number;
  readonly containerDepth: number;
  readonly parent: Frame | undefined;
  readonly key: string | number;
  position: number;
}

/** Where an object or array stands. */
type Place = Pick<Frame, "role" | "parent" | "key" | "containerDepth">;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const SEPARATOR_BYTES = 1;
const NUMBER_BYTES = 8;

/** Bytes of brackets, of a literal, and of the quotes around text. */
const BRACKET_BYTES = 2;

/** Ends the reading: the definition is too large to look at. */
class TooLarge extends Error {}

/**
 * Reads a definition once, in bounded time and memory, and copies it to plain data: what comes after never touches the
 * original, whose getters and proxies may throw or change their mind. Without recursion. Reports keys that are refused,
 * values that are not JSON, cycles and nesting; what was refused is absent from the copy. JSON nesting is counted
 * anew in each body, and bodies within bodies are counted as containers.
 *
 * @returns the copy; undefined when it is too large (or no object at all), and nothing more can be said
 */
export function readStructure(
  definition: unknown,
  options: { readonly limits: Limits; readonly registry: NodeRegistry; readonly issues: IssueCollector },
): PlainObject | undefined {
  return new StructureReader(options).read(definition);
}

class StructureReader {
  readonly #limits: Limits;
  readonly #registry: NodeRegistry;
  readonly #issues: IssueCollector;
  /** Objects on the path from the root to where we are. */
  readonly #open = new Set<object>();
  #bytes = 0;
  #nodes = 0;
  #edges = 0;

  constructor(options: { readonly limits: Limits; readonly registry: NodeRegistry; readonly issues: IssueCollector }) {
    this.#limits = options.limits;
    this.#registry = options.registry;
    this.#issues = options.issues;
  }

  read(definition: unknown): PlainObject | undefined {
    let json: unknown;
    try {
      json = asJson(definition);
    } catch {
      this.#issues.error("invalid_definition", "The definition throws when it is read; it must be plain JSON.", {
        path: "",
      });
      return undefined;
    }
    try {
      return this.#walk(json);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      this.#issues.error("too_large", error.message, { path: "" });
      return undefined;
    }
  }

  #walk(definition: unknown): PlainObject | undefined {
    const root = this.#enter(definition, { role: "definition", parent: undefined, key: "", containerDepth: 0 });
    if (root === undefined) return undefined;
    if (!isPlainObject(root.copy)) {
      this.#issues.error(
        "invalid_definition",
        "The definition is an array; it must be an object with nodes and edges.",
        { path: "" },
      );
      return undefined;
    }
    let frame: Frame | undefined = root;
    while (frame !== undefined) {
      let child: Frame | undefined;
      while (child === undefined && frame.position < frame.length) child = this.#readNext(frame);
      if (child === undefined) this.#open.delete(frame.source);
      frame = child ?? frame.parent;
    }
    return root.copy;
  }

  /** Reads the next property. Answers its frame when it has properties of its own. */
  #readNext(frame: Frame): Frame | undefined {
    const key = frame.keys === undefined ? frame.position : (frame.keys[frame.position] as string);
    frame.position += 1;
    if (typeof key === "string") {
      if (FORBIDDEN_KEYS.has(key)) {
        this.#issues.error("forbidden_key", `The key "${key}" is refused; rename it.`, { path: pointerTo(frame, key) });
        return undefined;
      }
      this.#count(textBytes(key) + SEPARATOR_BYTES);
    }
    const value = this.#get(frame, key);
    if (typeof value !== "object" || value === null) {
      const leaf = this.#readLeaf(value, frame, key);
      if (leaf !== undefined || frame.keys === undefined) put(frame.copy, key, leaf);
      return undefined;
    }
    const role = this.#roleOf(frame, key);
    const containerDepth = role === "definition" ? frame.containerDepth + 1 : frame.containerDepth;
    const child = this.#enter(value, { role, parent: frame, key, containerDepth });
    if (child !== undefined) put(frame.copy, key, child.copy);
    else if (frame.keys === undefined) put(frame.copy, key, undefined);
    return child;
  }

  #get(frame: Frame, key: string | number): unknown {
    try {
      return asJson((frame.source as Readonly<Record<string | number, unknown>>)[key]);
    } catch {
      this.#issues.error("invalid_definition", "This property throws when it is read; a definition is plain JSON.", {
        path: pointerTo(frame, key),
      });
      return undefined;
    }
  }

  #readLeaf(value: unknown, frame: Frame, key: string | number): unknown {
    switch (typeof value) {
      case "string":
        this.#count(textBytes(value) + SEPARATOR_BYTES);
        return value;
      case "number":
        this.#count(NUMBER_BYTES);
        if (Number.isFinite(value)) return value;
        break;
      case "undefined":
      case "boolean":
      case "object":
        this.#count(NUMBER_BYTES);
        return value;
      default:
    }
    this.#count(NUMBER_BYTES);
    const kind = typeof value === "number" ? String(value) : `a ${typeof value}`;
    this.#issues.error("invalid_definition", `This value is ${kind}, which JSON cannot hold; replace or remove it.`, {
      path: pointerTo(frame, key),
    });
    return undefined;
  }

  /** Opens an object or array, unless it is refused. */
  #enter(value: unknown, place: Place): Frame | undefined {
    const { role, parent, key, containerDepth } = place;
    this.#count(BRACKET_BYTES);
    if (typeof value !== "object" || value === null) {
      return this.#refuse(
        "invalid_definition",
        `The definition is ${value === null ? "null" : `a ${typeof value}`}; it must be an object with nodes and edges.`,
        place,
      );
    }
    if (this.#open.has(value))
      return this.#refuse("invalid_definition", "This value contains itself; a definition is plain JSON.", place);
    const depth = role === "definition" || parent === undefined ? 1 : parent.depth + 1;
    const { maxJsonDepth, maxContainerDepth } = this.#limits;
    if (depth > maxJsonDepth)
      return this.#refuse("too_large", `JSON is nested deeper than ${maxJsonDepth} here; flatten it.`, place);
    if (containerDepth > maxContainerDepth) {
      return this.#refuse(
        "too_large",
        `Containers are nested deeper than ${maxContainerDepth} here; move the inner ones to a sub-workflow.`,
        place,
      );
    }
    const shape = readShape(value);
    if (typeof shape === "string") return this.#refuse("invalid_definition", shape, place);
    const { keys, length } = shape;
    this.#countElements(role, length);
    this.#open.add(value);
    return {
      source: value,
      copy: keys === undefined ? [] : {},
      keys,
      length,
      role,
      depth,
      containerDepth,
      parent,
      key,
      position: 0,
    };
  }

  #refuse(code: "invalid_definition" | "too_large", message: string, { parent, key }: Place): undefined {
    this.#issues.error(code, message, { path: parent === undefined ? "" : pointerTo(parent, key) });
  }

  #roleOf(frame: Frame, key: string | number): Role {
    switch (frame.role) {
      case "definition":
        return key === "nodes" || key === "edges" ? key : "plain";
      case "nodes":
        return frame.keys === undefined ? "node" : "plain";
      case "node":
        return key === "data" ? "data" : "plain";
      case "data":
        return this.#isBody(frame, key) ? "definition" : "plain";
      default:
        return "plain";
    }
  }

  /** Whether a parameter is a body, by the type of the node around it. */
  #isBody(data: Frame, key: string | number): boolean {
    const node = data.parent as Frame;
    const { type, version } = node.copy as PlainObject;
    const nodeType = this.#typeOf(node, type, version);
    return nodeType?.bodies?.includes(String(key)) ?? false;
  }

  /** `type` may stand after `data` in the node, and then is not copied yet. */
  #typeOf(node: Frame, copiedType: unknown, copiedVersion: unknown) {
    const type = copiedType ?? this.#peek(node, "type");
    const version = copiedVersion ?? this.#peek(node, "version");
    if (typeof type !== "string") return undefined;
    return this.#registry.get(type, typeof version === "number" ? version : undefined);
  }

  #peek(frame: Frame, key: string): unknown {
    try {
      return Object.hasOwn(frame.source, key) ? (frame.source as PlainObject)[key] : undefined;
    } catch {
      return undefined;
    }
  }

  #countElements(role: Role, length: number): void {
    if (role === "nodes") {
      this.#nodes += length;
      if (this.#nodes > this.#limits.maxNodes)
        throw new TooLarge(`The definition has more than ${this.#limits.maxNodes} nodes; split it into sub-workflows.`);
    }
    if (role === "edges") {
      this.#edges += length;
      if (this.#edges > this.#limits.maxEdges)
        throw new TooLarge(`The definition has more than ${this.#limits.maxEdges} edges; split it into sub-workflows.`);
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.maxDefinitionBytes) {
      throw new TooLarge(
        `The definition is larger than ${this.#limits.maxDefinitionBytes} bytes; keep large values outside and refer to them.`,
      );
    }
  }
}

/** What JSON.stringify would write for an instance of a class: dates as text, a workflow builder as its definition. */
function asJson(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === "function" ? (toJSON.call(value) as unknown) : value;
}

/** Keys and length, or the reason why it is not JSON. */
function readShape(value: object): { readonly keys: readonly string[] | undefined; readonly length: number } | string {
  try {
    if (Array.isArray(value)) return { keys: undefined, length: value.length };
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const tag = Object.prototype.toString.call(value);
      if (tag !== "[object Object]")
        return `This value is ${tag.slice("[object ".length, -1)}, which JSON cannot hold; replace it with plain data.`;
    }
    const keys = Object.keys(value);
    return { keys, length: keys.length };
  } catch {
    return "This value throws when it is read; a definition is plain JSON.";
  }
}

function put(copy: Record<string, unknown> | unknown[], key: string | number, value: unknown): void {
  (copy as Record<string | number, unknown>)[key] = value;
}

/** Bytes of text in UTF-8 and its quotes; half a character outside the basic plane counts as two of its four bytes. */
function textBytes(text: string): number {
  let bytes = text.length + BRACKET_BYTES;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

function pointerTo(frame: Frame, key: string | number): string {
  const keys: (string | number)[] = [key];
  for (let at: Frame = frame; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.reduceRight<string>(childPointer, "");
}
