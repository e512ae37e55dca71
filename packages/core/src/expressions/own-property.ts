/** Keys an expression can never read, whoever owns them. */
const FORBIDDEN_KEYS: ReadonlySet<unknown> = new Set(["__proto__", "constructor", "prototype"]);

/** Whether a key always reads as null. */
export function isForbiddenKey(key: unknown): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/**
 * Reads an own property; null when it is missing or the value has none. Lists and texts have indices and `length`.
 * The caller has ruled out forbidden keys.
 */
export function readOwnProperty(value: unknown, key: string | number): unknown {
  if (value === null || value === undefined || typeof value === "function") return null;
  if (!Object.hasOwn(value, key)) return null;
  return (value as Readonly<Record<string | number, unknown>>)[key] ?? null;
}

/** Reads a property by a key computed at run time; keys that are neither text nor number read as null. */
export function readProperty(value: unknown, key: unknown): unknown {
  if (typeof key !== "string" && typeof key !== "number") return null;
  return isForbiddenKey(key) ? null : readOwnProperty(value, key);
}

/** Sets an own property of an object under construction. A `__proto__` key is dropped, so no prototype ever changes. */
export function setOwnProperty(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") return;
  target[key] = value ?? null;
}

/** Whether a value is an object with keys: neither a list nor null. */
export function isKeyedObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
