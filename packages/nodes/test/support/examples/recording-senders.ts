import type { Mailer, MailMessage, SmsMessage, SmsSender } from "../../../src/index.js";

/** Senders that deliver nothing and keep what they were given. */
export interface RecordingSenders {
  readonly mails: readonly MailMessage[];
  readonly smsMessages: readonly SmsMessage[];
  readonly mailer: Mailer;
  readonly smsSender: SmsSender;
}

export function recordingSenders(): RecordingSenders {
  const mails: MailMessage[] = [];
  const smsMessages: SmsMessage[] = [];
  return {
    mails,
    smsMessages,
    mailer: {
      async send(message) {
        mails.push(message);
        return { messageId: message.messageId, accepted: message.to.map(({ address }) => address), rejections: [] };
      },
    },
    smsSender: {
      async send(message) {
        smsMessages.push(message);
        return { id: "SM1", status: "queued" };
      },
    },
  };
}
