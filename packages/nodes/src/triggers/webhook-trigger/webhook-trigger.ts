import { defineNode, z } from "@automatrix/core";

export const WEBHOOK_TRIGGER = "webhook_trigger";
/** How a caller is answered: at once, with the output of the execution, or by a `respond_to_webhook` node. */
export const RESPOND_MODES = ["immediately", "last_node", "respond_node"] as const;

/** Entry of a workflow that an HTTP request starts; its output is `{ method, path, headers, query, body }`. */
export const webhookTrigger = defineNode({
  type: WEBHOOK_TRIGGER,
  label: "Webhook",
  description: "Starts the workflow when an HTTP request comes in, and says how its caller is answered.",
  category: "trigger",
  effects: "pure",
  credentials: ["webhook"],
  parameters: () =>
    z.object({
      methods: z
        .array(z.string().min(1))
        .min(1)
        .default(["POST"])
        .describe("HTTP methods that are let in; others are answered with 405."),
      secret: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Name of the credential whose `value` signs requests, or the secret itself. With it a request needs `X-Signature-256: sha256=<HMAC of the raw body>`.",
        ),
      respond: z
        .enum(RESPOND_MODES)
        .default("immediately")
        .describe(
          "immediately: 202 at once. last_node: the output. respond_node: what a respond_to_webhook node says.",
        ),
    }),
  example: {
    parameters: { methods: ["POST"], respond: "last_node" },
    input: { method: "POST", path: "/", headers: {}, query: {}, body: { lead: 7 } },
    output: { method: "POST", path: "/", headers: {}, query: {}, body: { lead: 7 } },
  },
  execute: ({ input }) => input,
});
