/** How the text of a cell, an element or an attribute becomes a value. */
export type CellType = "text" | "number" | "boolean";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
/** Every number of so many digits survives the way into a double and back. */
const MAX_EXACT_DIGITS = 15;

/**
 * The value a text plainly stands for: a number that loses no digit by it, true, false, or null for nothing. Everything
 * else stays text, such as `007`, `+49` and card numbers.
 */
export function toPlainValue(text: string): unknown {
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true";
  return isExactNumber(text) ? Number(text) : text;
}

function isExactNumber(text: string): boolean {
  return NUMBER.test(text) && text.replace(/[eE].*$/, "").replace(/\D/g, "").length <= MAX_EXACT_DIGITS;
}

/** The value of a text as this type; null for nothing; undefined when it is none. */
export function toTypedValue(text: string, type: CellType): unknown {
  if (type === "text") return text;
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (type === "boolean") return BOOLEANS.get(trimmed.toLowerCase());
  return NUMBER.test(trimmed) && Number.isFinite(Number(trimmed)) ? Number(trimmed) : undefined;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["yes", true],
  ["no", false],
  ["1", true],
  ["0", false],
]);
