import { z } from "@automatrix/core";

const NAMESPACE = /^[\p{L}\p{N}_.:-]{1,128}$/u;

/** Schema of the namespace that a node works in. */
export function namespaceParameter(): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .regex(NAMESPACE, "A namespace is letters, digits, `_`, `.`, `:` and `-`, up to 128.")
    .default("default")
    .describe("Group of records that belong together, such as manuals. Each tenant has its own.");
}
