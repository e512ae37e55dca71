import { FatalNodeError, z } from "@automatrix/core";
import { jsonKind } from "../json/json-kind.js";

/** Schema of the list a node works on. The kind is checked when the node runs, so that the failure can name it. */
export function itemsParameter(): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .optional()
    .describe("The list to work on, mostly an expression such as {{input.rows}}; the input when left out.");
}

/**
 * The list given as `items`, or else the input.
 * @throws FatalNodeError `invalid_input` when it is not a list; the message names what it is
 */
export function readItems(items: unknown, input: unknown): readonly unknown[] {
  const list = items === undefined ? input : items;
  if (Array.isArray(list)) return list;
  const source = items === undefined ? "the input (no `items` given)" : "`items`";
  throw new FatalNodeError(`Expected a list, but ${source} is ${articleOf(jsonKind(list))}.`, {
    code: "invalid_input",
    details: { kind: jsonKind(list) },
  });
}

function articleOf(kind: string): string {
  if (kind === "null" || kind === "nothing") return kind;
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
