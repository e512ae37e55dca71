import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import { runOnce, verifyRefusal } from "../../business/rest/once-call.js";
import type { Mailer, MailMessage, MailReceipt } from "../messaging/mailer.js";
import type { MessagingOptions } from "../messaging/messaging-options.js";
import { PlaceGate } from "../messaging/place-gate.js";
import { smtpMailer } from "../messaging/smtp-mailer.js";
import { parseSmtpSettings } from "../messaging/smtp-settings.js";
import { type EmailParameters, emailParameters } from "./email-parameters.js";
import { toMailMessage } from "./mail-from-parameters.js";

const DEFAULT_CREDENTIAL = "smtp";
const DEFAULT_MAX_RECIPIENTS = 100;
const DEFAULT_MAX_ATTACHMENT_BYTES = 20 * 1024 * 1024;
const DEFAULT_MAX_SMTP_CONNECTIONS = 10;

interface Delivery {
  readonly message: MailMessage;
  readonly mailer: Mailer;
  /** Mails of the same place share its connections. */
  readonly place?: string;
}

/** Sends a mail, at most once. */
export function createEmailSend(options: MessagingOptions = {}): NodeType {
  const gate = new PlaceGate(options.maxSmtpConnections ?? DEFAULT_MAX_SMTP_CONNECTIONS);
  const limits = {
    maxRecipients: options.maxRecipients ?? DEFAULT_MAX_RECIPIENTS,
    maxAttachmentBytes: options.maxAttachmentBytes ?? DEFAULT_MAX_ATTACHMENT_BYTES,
  };
  return defineNode({
    type: "email_send",
    label: "Send email",
    description:
      "Sends a mail with text, HTML and attachments over SMTP. It is sent at most once; when nobody can tell whether it was, a person decides.",
    category: "io",
    effects: "once",
    permissions: ["net", "credentials"],
    credentials: [DEFAULT_CREDENTIAL],
    parameters: emailParameters,
    output: () =>
      z.object({
        messageId: z.string(),
        accepted: z.array(z.string()),
        rejected: z.array(z.string()),
        rejections: z.array(z.object({ address: z.string(), status: z.number().optional(), isTemporary: z.boolean() })),
        response: z.string().optional(),
      }),
    example: {
      parameters: {
        to: "Ada Lovelace <ada@example.com>",
        from: "sales@example.com",
        subject: "Your appointment",
        text: "We look forward to seeing you tomorrow at ten.",
      },
    },
    execute: (ctx) =>
      runOnce(ctx, {
        prepare: () => prepare(ctx, options, limits),
        send: async ({ mailer, message, place }) => {
          const send = () => mailer.send(message, ctx);
          return toOutput(place === undefined ? await send() : await gate.run(place, ctx.signal, send));
        },
      }),
    verify: verifyRefusal,
  });
}

async function prepare(
  ctx: NodeContext<EmailParameters>,
  options: MessagingOptions,
  limits: Parameters<typeof toMailMessage>[2],
): Promise<Delivery> {
  const { credential } = ctx.parameters;
  if (credential === undefined && options.mailer !== undefined) {
    const { mailer, mailFrom } = options;
    return { mailer, message: await toMailMessage(ctx, mailFrom ?? mailer.defaultFrom, limits) };
  }
  const name = credential ?? DEFAULT_CREDENTIAL;
  const settings = parseSmtpSettings(await ctx.credentials(name), name);
  const mailer = smtpMailer(settings);
  const message = await toMailMessage(ctx, settings.from ?? options.mailFrom ?? mailer.defaultFrom, limits);
  return { mailer, message, place: `${settings.host}:${settings.port}` };
}

function toOutput({ rejections, ...receipt }: MailReceipt): unknown {
  return { ...receipt, rejected: rejections.map(({ address }) => address), rejections };
}
