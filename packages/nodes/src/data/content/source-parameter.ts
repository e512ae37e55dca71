import { z } from "@automatrix/core";

/** Schema of the text or blob that a node reads. The kind is checked when the node runs, so that the failure can name it. */
export function sourceParameter(): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .optional()
    .describe("Text, or a reference to a blob, mostly an expression such as {{input.body}}; the input when left out.");
}
