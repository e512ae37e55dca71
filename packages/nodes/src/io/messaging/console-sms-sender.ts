import type { DeliveryCall } from "./delivery-call.js";
import type { SmsMessage, SmsReceipt, SmsSender } from "./sms-sender.js";

/** Writes to the log that a text message would be sent, and sends nothing: for development. The text is left out. */
export function consoleSmsSender(): SmsSender {
  return Object.freeze({
    async send({ to, text }: SmsMessage, { logger, idempotencyKey }: DeliveryCall): Promise<SmsReceipt> {
      logger.info("A text message was written to the log in place of being sent.", { to, characters: text.length });
      return { id: `console:${idempotencyKey}`, status: "logged" };
    },
  });
}
