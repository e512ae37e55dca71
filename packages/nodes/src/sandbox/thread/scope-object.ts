import type { ScopeTexts } from "../guest-protocol.js";

/** JSON of an object that holds the values by name. */
export function toObjectText(scope: ScopeTexts): string {
  const fields = Object.entries(scope).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${fields.join()}}`;
}
