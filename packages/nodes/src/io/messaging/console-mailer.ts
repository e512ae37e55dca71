import type { DeliveryCall } from "./delivery-call.js";
import type { Mailer, MailMessage, MailReceipt } from "./mailer.js";

/** Writes to the log that a mail would be sent, and sends nothing: for development. The content is left out. */
export function consoleMailer(): Mailer {
  return Object.freeze({
    defaultFrom: "AutoMatrix <automatrix@localhost>",
    async send(message: MailMessage, { logger }: DeliveryCall): Promise<MailReceipt> {
      const accepted = [...message.to, ...message.cc, ...message.bcc].map(({ address }) => address);
      logger.info("A mail was written to the log in place of being sent.", {
        messageId: message.messageId,
        recipients: accepted.length,
        attachments: message.attachments.length,
        to: message.to.map(({ address }) => address),
        subject: message.subject,
      });
      return { messageId: message.messageId, accepted, rejections: [] };
    },
  });
}
