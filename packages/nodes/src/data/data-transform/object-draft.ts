import { FatalNodeError } from "@automatrix/core";
import { isJsonObject, type JsonObject, jsonKind } from "../../json/json-kind.js";

type Container = Record<string, unknown> | unknown[];

/** An object being changed: whatever is changed is copied first, once, and the rest is shared with the original. */
export class ObjectDraft {
  readonly #root: Record<string, unknown>;
  readonly #own = new Set<object>();

  constructor(original: JsonObject) {
    this.#root = { ...original };
    this.#own.add(this.#root);
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
    for (const [depth, segment] of path.slice(0, -1).entries())
      container = this.#enter(container, segment, path.slice(0, depth + 1));
    put(container, path.at(-1) as string, value, path);
  }

  /** Deletes a value, if it is there. */
  delete(path: readonly string[]): void {
    let container: Container = this.#root;
    for (const [depth, segment] of path.slice(0, -1).entries()) {
      const child = Object.hasOwn(container, segment) ? read(container, segment) : undefined;
      if (typeof child !== "object" || child === null) return;
      container = this.#enter(container, segment, path.slice(0, depth + 1));
    }
    const last = path.at(-1) as string;
    if (!Object.hasOwn(container, last)) return;
    if (Array.isArray(container)) container.splice(toPlace(container, last, path), 1);
    else delete container[last];
  }

  #enter(container: Container, segment: string, path: readonly string[]): Container {
    const child: unknown = Object.hasOwn(container, segment) ? read(container, segment) : undefined;
    if (child !== undefined && child !== null && this.#own.has(child)) return child as Container;
    const copy = copyOf(child ?? {}, path);
    this.#own.add(copy);
    put(container, segment, copy, path);
    return copy;
  }
}

function read(container: Container, segment: string): unknown {
  return (container as Record<string, unknown>)[segment];
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
