import { FatalNodeError, z } from "@automatrix/core";
import { callService, unknownOutcome } from "../../business/rest/service-call.js";
import { isJsonObject } from "../../json/json-kind.js";
import type { DeliveryCall } from "./delivery-call.js";
import type { SmsMessage, SmsReceipt, SmsSender } from "./sms-sender.js";

const DEFAULT_BASE_URL = "https://api.twilio.com";

export interface TwilioSettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** Number or sender that messages come from; or else a messaging service. */
  readonly from?: string | undefined;
  readonly messagingServiceSid?: string | undefined;
  /** Default `https://api.twilio.com`. */
  readonly baseUrl?: string | undefined;
}

/** A sender on Twilio's Messages resource. */
export function twilioSmsSender(settings: TwilioSettings): SmsSender {
  const { accountSid, authToken, baseUrl = DEFAULT_BASE_URL } = settings;
  const url = `${baseUrl.replace(/\/+$/, "")}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  return Object.freeze({
    async send(message: SmsMessage, call: DeliveryCall): Promise<SmsReceipt> {
      const { body } = await callService(call, {
        service: "Twilio",
        method: "POST",
        url,
        headers: {
          authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ To: message.to, Body: message.text, ...senderOf(settings, message) }).toString(),
        isOnce: true,
      });
      return toReceipt(body);
    },
  });
}

/**
 * Reads the settings from a credential with `accountSid`, `authToken` and `from` or `messagingServiceSid`.
 * @throws FatalNodeError `not_configured`
 */
export function parseTwilioSettings(credential: Readonly<Record<string, unknown>>, name: string): TwilioSettings {
  const text = z.string().min(1).max(500);
  const fields = z.object({
    accountSid: text,
    authToken: text,
    from: text.optional(),
    messagingServiceSid: text.optional(),
    baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  });
  const parsed = fields.safeParse(credential);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") ?? "accountSid";
  throw new FatalNodeError(`The credential "${name}" is no Twilio setting: check its field "${field}".`, {
    code: "not_configured",
  });
}

function senderOf(settings: TwilioSettings, message: SmsMessage): Readonly<Record<string, string>> {
  if (message.from !== undefined) return { From: message.from };
  if (settings.messagingServiceSid !== undefined) return { MessagingServiceSid: settings.messagingServiceSid };
  if (settings.from !== undefined) return { From: settings.from };
  throw new FatalNodeError(
    "Twilio needs a sender: give `from`, or set `from` or `messagingServiceSid` in the credential.",
    {
      code: "not_configured",
    },
  );
}

function toReceipt(body: unknown): SmsReceipt {
  const { sid, status, num_segments: segments } = isJsonObject(body) ? body : {};
  if (typeof sid !== "string") throw unknownOutcome("Twilio", "gave an answer without the id of the message");
  const count = Number(segments);
  return {
    id: sid,
    status: typeof status === "string" ? status : "accepted",
    ...(Number.isInteger(count) && count > 0 ? { segments: count } : {}),
  };
}
