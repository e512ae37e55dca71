import { exchange, type ServiceRequest, toAnswerError, unknownOutcome } from "../../business/rest/service-call.js";
import { POSTPONED_CODES } from "../aws/postponed-codes.js";
import { signedPostHeaders } from "../aws/signature-v4.js";
import type { DeliveryCall } from "./delivery-call.js";
import type { SmsMessage, SmsReceipt, SmsSender } from "./sms-sender.js";

const API_VERSION = "2010-03-31";
const CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8";

export interface SnsSettings {
  /** Such as `eu-central-1`. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** Number or name that messages come from; that of the account when left out. */
  readonly from?: string | undefined;
  /** Default `https://sns.<region>.amazonaws.com`. */
  readonly endpoint?: string | undefined;
}

/** A sender on Amazon SNS (`Publish` to a phone number). */
export function snsSmsSender(settings: SnsSettings): SmsSender {
  const url = new URL(settings.endpoint ?? `https://sns.${settings.region}.amazonaws.com`);
  return Object.freeze({
    async send(message: SmsMessage, call: DeliveryCall): Promise<SmsReceipt> {
      const request = toRequest(settings, { url, message, now: call.clock.now() });
      const answer = await exchange(call, request);
      const text = String(answer.body);
      if (answer.status < 200 || answer.status > 299) {
        const body = { code: elementOf("Code", text), message: elementOf("Message", text) };
        throw toAnswerError(call, request, { ...answer, body });
      }
      const id = elementOf("MessageId", text);
      if (id === undefined) throw unknownOutcome("SNS", "gave an answer without the id of the message");
      return { id, status: "accepted" };
    },
  });
}

interface Publication {
  readonly url: URL;
  readonly message: SmsMessage;
  readonly now: number;
}

function toRequest(settings: SnsSettings, { url, message, now }: Publication): ServiceRequest {
  const body = new URLSearchParams({
    Action: "Publish",
    Version: API_VERSION,
    PhoneNumber: message.to,
    Message: message.text,
    ...toSenderAttribute(message.from ?? settings.from),
  }).toString();
  return {
    service: "SNS",
    method: "POST",
    url: url.href,
    headers: {
      ...signedPostHeaders(settings, { service: "sns", url, contentType: CONTENT_TYPE, body, now }),
      accept: "text/xml",
    },
    body,
    isOnce: true,
    postponedCodes: POSTPONED_CODES,
  };
}

function toSenderAttribute(from: string | undefined): Readonly<Record<string, string>> {
  if (from === undefined) return {};
  return {
    "MessageAttributes.entry.1.Name": from.startsWith("+") ? "AWS.MM.SMS.OriginationNumber" : "AWS.SNS.SMS.SenderID",
    "MessageAttributes.entry.1.Value.DataType": "String",
    "MessageAttributes.entry.1.Value.StringValue": from,
  };
}

/** SNS answers in XML, of which these few elements without any of their own are all that is read. */
function elementOf(name: "Code" | "Message" | "MessageId", xml: string): string | undefined {
  return new RegExp(`<${name}>([^<]{1,300})</${name}>`).exec(xml)?.[1];
}
