import { FatalNodeError } from "@automatrix/core";
import { isJsonObject, type JsonObject, jsonKind } from "../../json/json-kind.js";

type Container = Record<string, unknown> | unknown[];

/** An object being changed: whatever is changed is copied first, once, and the rest is shared with the original. */
export class ObjectDraft {
  readonly #root: Record<string, unknown>;
  /** Copies made so far, below the root. */
  readonly #own = new Set<unknown>();

  constructor(original: JsonObject) {
    this.#root = { ...original };
  }

  get value(): JsonObject {
    return this.#root;
  }

  /**
   * Sets a value, making the objects on the way.
   * @throws FatalNodeError `invalid_input` when something on the way is neither an object nor a list, or a place is beyond a list's end
   */
  set(path: readonly string[], value: unknown): void {
    let container: Container = this.#root;
    const last = path.length - 1;
    for (let depth = 0; depth < last; depth += 1) container = this.#enter(container, path, depth);
    put(container, path[last] as string, value, path);
  }

  /** Deletes a value, if it is there. */
  delete(path: readonly string[]): void {
    let container: Container = this.#root;
    const last = path.length - 1;
    for (let depth = 0; depth < last; depth += 1) {
      const child = read(container, path[depth] as string);
      if (typeof child !== "object" || child === null) return;
      container = this.#enter(container, path, depth);
    }
    const name = path[last] as string;
    if (!Object.hasOwn(container, name)) return;
    if (Array.isArray(container)) container.splice(toPlace(container, name, path), 1);
    else delete container[name];
  }

  /** What stands in the container at this depth of the path, as an own copy. */
  #enter(container: Container, path: readonly string[], depth: number): Container {
    const segment = path[depth] as string;
    const child = read(container, segment) ?? {};
    if (this.#own.has(child)) return child as Container;
    const way = path.slice(0, depth + 1);
    const copy = copyOf(child, way);
    this.#own.add(copy);
    put(container, segment, copy, way);
    return copy;
  }
}

function read(container: Container, segment: string): unknown {
  return Object.hasOwn(container, segment) ? (container as Record<string, unknown>)[segment] : undefined;
}

function copyOf(value: unknown, path: readonly string[]): Container {
  if (Array.isArray(value)) return [...value];
  if (isJsonObject(value)) return { ...value };
  throw new FatalNodeError(`Cannot reach into ${path.join(".")}: it is ${jsonKind(value)}, not an object.`, {
    code: "invalid_input",
  });
}

function put(container: Container, segment: string, value: unknown, path: readonly string[]): void {
  if (Array.isArray(container)) container[toPlace(container, segment, path)] = value;
  else container[segment] = value;
}

function toPlace(list: readonly unknown[], segment: string, path: readonly string[]): number {
  const place = /^\d{1,9}$/.test(segment) ? Number(segment) : Number.NaN;
  if (place <= list.length) return place;
  throw new FatalNodeError(`${path.join(".")} is not a place in a list of ${list.length}.`, { code: "invalid_input" });
}
