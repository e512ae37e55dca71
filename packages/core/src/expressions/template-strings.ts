import { hasTemplate } from "./compile-template.js";
import { expressionErrorAt } from "./source-site.js";

/** A string with a template in it and its place in the value it was found in. */
export interface TemplateString {
  /** JSON pointer. */
  readonly pointer: string;
  readonly text: string;
}

/** Deepest nesting of parameters. */
export const MAX_PARAMETER_DEPTH = 64;

/** Most values, nested ones included, in parameters; a definition of 10 MiB stays below it. */
export const MAX_PARAMETER_VALUES = 6_000_000;

/** Lists every string of a value that has a template. */
export function findTemplateStrings(value: unknown, pointer: string): readonly TemplateString[] {
  const found: TemplateString[] = [];
  const pending: { readonly value: unknown; readonly pointer: string; readonly depth: number }[] = [
    { value, pointer, depth: 0 },
  ];
  let visited = 0;
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    visited += 1;
    if (current.depth > MAX_PARAMETER_DEPTH || visited > MAX_PARAMETER_VALUES) failTooLarge();
    if (typeof current.value === "string") {
      if (hasTemplate(current.value)) found.push({ pointer: current.pointer, text: current.value });
    } else if (typeof current.value === "object" && current.value !== null) {
      const entries = Object.entries(current.value).reverse();
      for (const [key, nested] of entries) {
        pending.push({ value: nested, pointer: `${current.pointer}/${escapeKey(key)}`, depth: current.depth + 1 });
      }
    }
  }
  return found;
}

/** Refuses a value that is nested too deep, refers to itself or has too many parts. */
export function failTooLarge(): never {
  throw expressionErrorAt(
    { site: { text: "", start: 0 }, offset: 0 },
    {
      code: "expression_limit",
      message: `parameters are nested at most ${MAX_PARAMETER_DEPTH} deep and have at most ${MAX_PARAMETER_VALUES} values`,
    },
  );
}

function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
