import { FatalNodeError } from "@automatrix/core";
import { CONTROL_CHARACTER } from "../../io/messaging/mail-address.js";

const MAX_VALUE_LENGTH = 1_000;

/**
 * Puts values into the `{names}` of a path. Each stays one segment: what would leave the template (`/`, `?`, `..`) is
 * encoded or refused.
 * @throws FatalNodeError `invalid_input` naming the value that is missing or cannot stand in a path
 */
export function fillPath(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return encodeSegment(name, value);
  });
}

/** @throws FatalNodeError `invalid_input` */
export function encodeSegment(name: string, value: unknown): string {
  const isUsable = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  const text = isUsable ? String(value) : "";
  if (text === "") throw new FatalNodeError(`The parameter "${name}" is needed here.`, { code: "invalid_input" });
  const isTraversal = /^\.{1,2}$/.test(text);
  if (isTraversal || text.length > MAX_VALUE_LENGTH || CONTROL_CHARACTER.test(text) || /\p{Surrogate}/u.test(text)) {
    throw new FatalNodeError(`The parameter "${name}" cannot stand in an address.`, { code: "invalid_input" });
  }
  return encodeURIComponent(text);
}
