import { callService } from "../../business/rest/service-call.js";
import type { DeliveryCall } from "./delivery-call.js";
import { distinctRecipients } from "./distinct-recipients.js";
import type { MailAddress } from "./mail-address.js";
import type { Mailer, MailMessage, MailReceipt } from "./mailer.js";

const DEFAULT_BASE_URL = "https://api.sendgrid.com";

export interface SendGridOptions {
  readonly apiKey: string;
  /** Default `https://api.sendgrid.com`; `https://api.eu.sendgrid.com` for accounts in the EU. */
  readonly baseUrl?: string;
}

/** A mailer on SendGrid's HTTP interface (`POST /v3/mail/send`). */
export function sendGridMailer({ apiKey, baseUrl = DEFAULT_BASE_URL }: SendGridOptions): Mailer {
  return Object.freeze({
    async send(message: MailMessage, call: DeliveryCall): Promise<MailReceipt> {
      await callService(call, {
        service: "SendGrid",
        method: "POST",
        url: `${baseUrl.replace(/\/+$/, "")}/v3/mail/send`,
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body: JSON.stringify(toRequest(message)),
        isOnce: true,
      });
      const accepted = [...message.to, ...message.cc, ...message.bcc].map(({ address }) => address);
      return { messageId: message.messageId, accepted, rejections: [] };
    },
  });
}

function toRequest(message: MailMessage): unknown {
  // SendGrid refuses a mail that names an address twice.
  const { to, cc, bcc } = distinctRecipients(message);
  return {
    personalizations: [
      {
        to: to.map(toEntry),
        ...(cc.length === 0 ? {} : { cc: cc.map(toEntry) }),
        ...(bcc.length === 0 ? {} : { bcc: bcc.map(toEntry) }),
      },
    ],
    from: toEntry(message.from),
    ...(message.replyTo.length === 0 ? {} : { reply_to_list: message.replyTo.map(toEntry) }),
    subject: message.subject,
    content: [
      ...(message.text === undefined ? [] : [{ type: "text/plain", value: message.text }]),
      ...(message.html === undefined ? [] : [{ type: "text/html", value: message.html }]),
    ],
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments.map(toAttachment) }),
    headers: { ...message.headers, "Message-ID": message.messageId },
  };
}

function toEntry({ address, name }: MailAddress): { readonly email: string; readonly name?: string } {
  return name === undefined ? { email: address } : { email: address, name };
}

function toAttachment({ filename, contentType, content, contentId }: MailMessage["attachments"][number]): unknown {
  return {
    content: Buffer.from(content).toString("base64"),
    filename,
    ...(contentType === undefined ? {} : { type: contentType }),
    ...(contentId === undefined ? {} : { disposition: "inline", content_id: contentId }),
  };
}
