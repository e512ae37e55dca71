import {
  exchange,
  type ServiceAnswer,
  type ServiceRequest,
  toAnswerError,
  unknownOutcome,
} from "../../business/rest/service-call.js";
import { isJsonObject } from "../../json/json-kind.js";
import { POSTPONED_CODES } from "../aws/postponed-codes.js";
import { signedPostHeaders } from "../aws/signature-v4.js";
import { composeMail } from "./compose-mail.js";
import type { DeliveryCall } from "./delivery-call.js";
import { distinctRecipients } from "./distinct-recipients.js";
import type { MailAddress } from "./mail-address.js";
import type { Mailer, MailMessage, MailReceipt } from "./mailer.js";

const SEND_PATH = "/v2/email/outbound-emails";
const CONTENT_TYPE = "application/json";

export interface SesSettings {
  /** Such as `eu-central-1`. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** Default `https://email.<region>.amazonaws.com`. */
  readonly endpoint?: string | undefined;
}

/**
 * A mailer on Amazon SES (`SendEmail` of its interface v2). The package `nodemailer` builds the mail. SES gives it a
 * Message-ID of its own, which is that of the receipt; `response` is the id with which SES reports on the mail.
 */
export function sesMailer(settings: SesSettings): Mailer {
  const { region, endpoint = `https://email.${region}.amazonaws.com` } = settings;
  const url = new URL(`${endpoint.replace(/\/+$/, "")}${SEND_PATH}`);
  return Object.freeze({
    async send(message: MailMessage, call: DeliveryCall): Promise<MailReceipt> {
      const now = call.clock.now();
      const recipients = distinctRecipients(message);
      const body = toBody(recipients, await composeMail(message, now));
      const request = toRequest(settings, { url, body, now });
      const answer = await exchange(call, request);
      if (answer.status < 200 || answer.status > 299) {
        throw toAnswerError(call, request, { ...answer, body: toErrorBody(answer) });
      }
      const id = idIn(answer);
      if (id === undefined) throw unknownOutcome("SES", "gave an answer without the id of the message");
      const accepted = toAddresses([...recipients.to, ...recipients.cc, ...recipients.bcc]);
      return { messageId: toMessageId(id, region), accepted, rejections: [], response: id };
    },
  });
}

interface Submission {
  readonly url: URL;
  readonly body: string;
  readonly now: number;
}

function toRequest(settings: SesSettings, { url, body, now }: Submission): ServiceRequest {
  return {
    service: "SES",
    method: "POST",
    url: url.href,
    headers: signedPostHeaders(settings, { service: "ses", url, contentType: CONTENT_TYPE, body, now }),
    body,
    isOnce: true,
    postponedCodes: POSTPONED_CODES,
  };
}

/** Without `FromEmailAddress`, which would take the place of the mail's own sender, its name included. */
function toBody({ to, cc, bcc }: ReturnType<typeof distinctRecipients>, content: Buffer): string {
  return JSON.stringify({
    Destination: {
      ToAddresses: toAddresses(to),
      ...(cc.length === 0 ? {} : { CcAddresses: toAddresses(cc) }),
      ...(bcc.length === 0 ? {} : { BccAddresses: toAddresses(bcc) }),
    },
    Content: { Raw: { Data: content.toString("base64") } },
  });
}

function toAddresses(recipients: readonly MailAddress[]): readonly string[] {
  return recipients.map(({ address }) => address);
}

function idIn({ body }: ServiceAnswer): string | undefined {
  const id = isJsonObject(body) ? body["MessageId"] : undefined;
  return typeof id === "string" && /^[\w.@=+-]{1,200}$/.test(id) ? id : undefined;
}

/** The Message-ID that recipients see. */
function toMessageId(id: string, region: string): string {
  return `<${id}@${region === "us-east-1" ? "email" : region}.amazonses.com>`;
}

/** SES names an error in a header. Of its message the first line, since others may quote the headers that were signed. */
function toErrorBody({ headers, body }: ServiceAnswer): unknown {
  const message = isJsonObject(body) ? (body["message"] ?? body["Message"]) : undefined;
  return {
    code: headers.get("x-amzn-errortype")?.replace(/:.*$/, ""),
    message: typeof message === "string" ? message.split("\n", 1)[0] : undefined,
  };
}
