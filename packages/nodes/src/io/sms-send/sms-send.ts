import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import { runOnce, verifyRefusal } from "../../business/rest/once-call.js";
import type { MessagingOptions } from "../messaging/messaging-options.js";
import type { SmsMessage, SmsSender } from "../messaging/sms-sender.js";
import { parseTwilioSettings, twilioSmsSender } from "../messaging/twilio-sms-sender.js";

const DEFAULT_CREDENTIAL = "twilio";
/** Ten parts of 160 characters: the most that Twilio takes. */
const MAX_TEXT_LENGTH = 1_600;
const E164 = /^\+[1-9]\d{6,14}$/;
const ALPHANUMERIC_SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/;

const parameters = () =>
  z.object({
    to: z
      .string()
      .max(40)
      .transform(withoutSpacing)
      .pipe(z.string().regex(E164, "Give an international number: + and 7 to 15 digits."))
      .describe("Number of the recipient in international form, such as +49 30 1234567."),
    text: z.string().min(1).max(MAX_TEXT_LENGTH).describe("What to send, up to 1,600 characters."),
    from: z
      .string()
      .max(40)
      .transform((text) => (ALPHANUMERIC_SENDER.test(text) ? text : withoutSpacing(text)))
      .refine(
        (text) => E164.test(text) || ALPHANUMERIC_SENDER.test(text),
        "Give a number or up to 11 letters and digits.",
      )
      .optional()
      .describe("Sender: a number or a name; the credential's when left out."),
    credential: z
      .string()
      .min(1)
      .optional()
      .describe('Credential of Twilio; the operator\'s sender, else the credential "twilio", when left out.'),
  });

/** Sends a text message, at most once. */
export function createSmsSend(options: MessagingOptions = {}): NodeType {
  return defineNode({
    type: "sms_send",
    label: "Send SMS",
    description: "Sends a text message to a phone through Twilio or the operator's sender, at most once.",
    category: "io",
    effects: "once",
    permissions: ["net", "credentials"],
    credentials: [DEFAULT_CREDENTIAL],
    parameters,
    output: () => z.object({ id: z.string(), status: z.string(), to: z.string(), segments: z.number().optional() }),
    example: { parameters: { to: "+491701234567", text: "Your car is ready." } },
    execute: (ctx) =>
      runOnce(ctx, {
        prepare: () => senderOf(ctx, options),
        send: async (sender) => {
          const { to, text, from } = ctx.parameters;
          const message: SmsMessage = from === undefined ? { to, text } : { to, text, from };
          return { ...(await sender.send(message, ctx)), to };
        },
      }),
    verify: verifyRefusal,
  });
}

async function senderOf(
  ctx: NodeContext<z.output<ReturnType<typeof parameters>>>,
  { smsSender }: MessagingOptions,
): Promise<SmsSender> {
  const { credential } = ctx.parameters;
  if (credential === undefined && smsSender !== undefined) return smsSender;
  const name = credential ?? DEFAULT_CREDENTIAL;
  return twilioSmsSender(parseTwilioSettings(await ctx.credentials(name), name));
}

function withoutSpacing(text: string): string {
  return text.replace(/[\s().-]/g, "");
}
