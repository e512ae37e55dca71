import { FatalNodeError } from "@automatrix/core";

const MAX_SEGMENTS = 64;
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Segments of a dotted field path: `customer.address.0.city`.
 * @throws FatalNodeError `invalid_input` for empty segments, names that reach a prototype, and paths too deep
 */
export function parseFieldPath(field: string): readonly string[] {
  const segments = field.includes(".") ? field.split(".", MAX_SEGMENTS + 1) : [field];
  if (segments.length > MAX_SEGMENTS || segments.some(isForbidden)) {
    throw new FatalNodeError(
      `"${field.slice(0, 100)}" is not a field path; give names joined by dots, such as customer.name, at most ${MAX_SEGMENTS} deep and none of __proto__, constructor, prototype.`,
      { code: "invalid_input" },
    );
  }
  return segments;
}

function isForbidden(segment: string): boolean {
  return segment === "" || FORBIDDEN.has(segment);
}

/** A function that reads one field: the property of exactly that name if there is one, else along the path. Own properties only. */
export function fieldReader(field: string): (value: unknown) => unknown {
  const segments = parseFieldPath(field);
  if (segments.length === 1) return (value) => ownProperty(value, field);
  return (value) => {
    const plain = ownProperty(value, field);
    return plain === undefined ? readPath(value, segments) : plain;
  };
}

export function readPath(value: unknown, segments: readonly string[]): unknown {
  let current = value;
  for (const segment of segments) {
    current = ownProperty(current, segment);
    if (current === undefined) return undefined;
  }
  return current;
}

export function ownProperty(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  if (Array.isArray(value) && name === "length") return undefined;
  return (value as Record<string, unknown>)[name];
}
