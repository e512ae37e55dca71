import { type WorkflowDefinition, z } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";

/**
 * Schema of a parameter that is a definition. The engine validates definitions itself; here the object is handed on as
 * it is, never copied, because the engine keeps what it compiled by identity.
 */
export function bodyParameter(description: string): z.ZodType<WorkflowDefinition, WorkflowDefinition> {
  const body = z
    .unknown()
    .refine(
      (value) => isJsonObject(value) && Array.isArray(value["nodes"]),
      "Give a definition: an object with a list of nodes.",
    )
    .describe(description);
  return body as unknown as z.ZodType<WorkflowDefinition, WorkflowDefinition>;
}
