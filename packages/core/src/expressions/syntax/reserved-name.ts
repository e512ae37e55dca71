import type { Evaluation } from "../evaluation.js";

/** Names with a meaning of their own, which no data can replace. */
export const RESERVED_NAMES = [
  "input",
  "inputs",
  "nodes",
  "vars",
  "trigger",
  "execution",
  "item",
  "index",
  "parameters",
] as const;

/** One of the reserved names. */
export type ReservedName = (typeof RESERVED_NAMES)[number];

const RESERVED: ReadonlySet<string> = new Set(RESERVED_NAMES);

/** Whether a bare name is reserved. */
export function isReservedName(name: string): name is ReservedName {
  return RESERVED.has(name);
}

/** The value of a reserved name; `item` and `index` come from the extra names when those have them. */
export function readReservedName(name: ReservedName, { scope, extra }: Pick<Evaluation, "scope" | "extra">): unknown {
  if (extra !== undefined && (name === "item" || name === "index") && Object.hasOwn(extra, name)) {
    return extra[name] ?? null;
  }
  return scope[name] ?? null;
}
