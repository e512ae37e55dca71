import type { DeliveryCall } from "./delivery-call.js";
import type { MailAddress } from "./mail-address.js";

export interface MailAttachment {
  readonly filename: string;
  readonly contentType?: string;
  readonly content: Uint8Array;
  /** Lets the HTML show it: `<img src="cid:…">`. */
  readonly contentId?: string;
}

/** A mail whose parts were checked: no text holds a line break where a header could begin. */
export interface MailMessage {
  /** With its angle brackets. The same for every attempt of the same node of the same execution. */
  readonly messageId: string;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly MailAttachment[];
  readonly headers: Readonly<Record<string, string>>;
}

/** A recipient that was refused while others were accepted. */
export interface MailRejection {
  readonly address: string;
  /** Status of the server, such as 550. */
  readonly status?: number;
  /** True when the same mail may be accepted later. */
  readonly isTemporary: boolean;
}

export interface MailReceipt {
  readonly messageId: string;
  readonly accepted: readonly string[];
  readonly rejections: readonly MailRejection[];
  /** What the server said, cut to a line. */
  readonly response?: string;
}

/**
 * Hands mails over to something that delivers them. `send` is called at most once for a mail unless it throws a
 * `RetryableNodeError`, so it must say the truth about failures:
 *
 * - `RetryableNodeError`: no recipient will get this mail from this call, and a later call may succeed
 * - `FatalNodeError`: the mail was refused, no recipient will get it
 * - any other error: nobody knows
 *
 * Resolves once at least one recipient was accepted. Ends soon after `call.signal` aborts.
 */
export interface Mailer {
  /** Sender of mails for which neither the node nor the operator names one, as an author writes it. */
  readonly defaultFrom?: string;
  send(message: MailMessage, call: DeliveryCall): Promise<MailReceipt>;
}
