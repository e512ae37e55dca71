import { hasTemplate } from "../expressions/compile-template.js";
import { childPointer } from "./json-pointer.js";

/** Calls `visit` for each text with an expression in a value of the snapshot, whose nesting is bounded. */
export function visitTemplates(value: unknown, pointer: string, visit: (text: string, pointer: string) => void): void {
  if (typeof value === "string") {
    if (hasTemplate(value)) visit(value, pointer);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visitTemplates(item, childPointer(pointer, index), visit);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) visitTemplates(item, childPointer(pointer, key), visit);
  }
}

/** Whether some text of a value is only known at run time. */
export function containsTemplate(value: unknown): boolean {
  if (typeof value === "string") return hasTemplate(value);
  return typeof value === "object" && value !== null && Object.values(value).some(containsTemplate);
}
