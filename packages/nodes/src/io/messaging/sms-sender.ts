import type { DeliveryCall } from "./delivery-call.js";

export interface SmsMessage {
  /** E.164: `+` and digits. */
  readonly to: string;
  readonly text: string;
  /** Sender: an E.164 number or an alphanumeric sender; the sender's own setting when left out. */
  readonly from?: string;
}

export interface SmsReceipt {
  /** The service's id of the message. */
  readonly id: string;
  /** As the service says it, such as `queued`. */
  readonly status: string;
  /** Parts that the text is sent in, where the service says so. */
  readonly segments?: number;
}

/**
 * Hands text messages over to something that delivers them. Failures are told as {@link Mailer} tells them:
 * `RetryableNodeError` when nothing was sent and a later call may succeed, `FatalNodeError` when it was refused, any other
 * error when nobody knows.
 */
export interface SmsSender {
  send(message: SmsMessage, call: DeliveryCall): Promise<SmsReceipt>;
}
