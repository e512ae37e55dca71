import { defineNode, z } from "@automatrix/core";

export const RESPOND_TO_WEBHOOK = "respond_to_webhook";

const MIN_STATUS = 200;
const MAX_STATUS = 599;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be in a header is looked for
const NO_HEADER_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Answers the caller of the webhook that started the execution; its output is the answer. */
export const respondToWebhook = defineNode({
  type: RESPOND_TO_WEBHOOK,
  label: "Respond to webhook",
  description: "Answers the caller whose request started the execution, which then goes on; the first answer counts.",
  category: "flow",
  effects: "idempotent",
  parameters: () =>
    z.object({
      status: z
        .number()
        .int()
        .min(MIN_STATUS)
        .max(MAX_STATUS)
        .default(MIN_STATUS)
        .describe("HTTP status of the answer."),
      headers: z
        .record(
          z.string().regex(HEADER_NAME, "is no name of a header"),
          z.string().refine((value) => !NO_HEADER_VALUE.test(value), "must not hold control characters"),
        )
        .default({})
        .describe("Headers of the answer."),
      body: z
        .unknown()
        .optional()
        .describe("Body of the answer: text, or a value that is sent as JSON. The input when left out."),
    }),
  example: {
    parameters: { status: 201, body: { id: "{{input.id}}" } },
    input: { id: 7 },
    output: { status: 201, headers: {}, body: { id: 7 } },
  },
  execute({ parameters: { status, headers, body }, input }) {
    return { status, headers, body: body === undefined ? input : body };
  },
});
