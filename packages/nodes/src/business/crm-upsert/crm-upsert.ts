import { defineNode, FatalNodeError, type NodeType, z } from "@automatrix/core";
import type { CrmStore } from "./crm-store.js";

/** Makes or changes a customer record in the CRM that the operator set up. */
export function createCrmUpsert(store?: CrmStore): NodeType {
  return defineNode({
    type: "crm_upsert",
    label: "Upsert CRM record",
    description: "Finds a record in the CRM by the values given and changes it, or makes it when there is none.",
    category: "business",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    parameters: () =>
      z.object({
        entity: z
          .string()
          .regex(/^[A-Za-z][\w-]{0,63}$/)
          .describe("Kind of record, such as contact."),
        match: z
          .record(z.string().min(1), z.union([z.string().min(1), z.number(), z.boolean()]))
          .refine((values) => Object.keys(values).length > 0, "Give at least one value to find the record by.")
          .describe("Values that tell the record apart, such as { email }."),
        properties: z.record(z.string(), z.unknown()).default({}).describe("Values to write; others stay."),
      }),
    output: () => z.object({ id: z.string(), created: z.boolean() }),
    example: {
      parameters: { entity: "contact", match: { email: "ada@example.com" }, properties: { name: "Ada Lovelace" } },
    },
    async execute(ctx) {
      if (store === undefined) {
        throw new FatalNodeError("No CRM is set up: give the option `crmStore`.", { code: "not_configured" });
      }
      const { http, signal, clock, logger, idempotencyKey, credentials, execution } = ctx;
      const call = { http, signal, clock, logger, idempotencyKey, credentials, tenant: execution.tenant };
      const { id, created } = await store.upsert(ctx.parameters, call);
      return { id, created };
    },
  });
}
