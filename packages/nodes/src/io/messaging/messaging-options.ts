import type { Mailer } from "./mailer.js";
import type { SmsSender } from "./sms-sender.js";

/** What an operator may set for the nodes that send messages. Everything has a default. */
export interface MessagingOptions {
  /** Takes the mails of nodes that name no credential. Without it they use the credential `smtp`. */
  readonly mailer?: Mailer;
  /** Takes the text messages of nodes that name no credential. Without it they use the credential `twilio`. */
  readonly smsSender?: SmsSender;
  /** Sender of mails that name none: `ada@example.com` or `Ada <ada@example.com>`. */
  readonly mailFrom?: string;
  /** Most recipients of one mail. Default 100. */
  readonly maxRecipients?: number;
  /** Most bytes of all attachments of one mail together. Default 20 MiB. */
  readonly maxAttachmentBytes?: number;
  /** Most connections to one SMTP server at once; further mails wait. Default 10. */
  readonly maxSmtpConnections?: number;
}
