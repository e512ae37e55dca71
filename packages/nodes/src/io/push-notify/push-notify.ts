import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { runOnce, verifyRefusal } from "../../business/rest/once-call.js";
import { callService, type ServiceAnswer, unknownOutcome } from "../../business/rest/service-call.js";
import { isJsonObject } from "../../json/json-kind.js";
import { ServiceAccountTokens } from "./service-account-token.js";

const DEFAULT_CREDENTIAL = "fcm";
const DEFAULT_BASE_URL = "https://fcm.googleapis.com";
const DEFAULT_TOKEN_URL = "https://oauth2.googleapis.com/token";
/** What a push service takes as one message. */
const MAX_PAYLOAD_BYTES = 4_096;

const parameters = () =>
  z
    .object({
      token: z.string().min(1).max(4_096).optional().describe("Registration token of the device."),
      topic: z
        .string()
        .regex(/^[A-Za-z0-9-_.~%]{1,900}$/)
        .optional()
        .describe("Topic whose subscribers get it, in place of a token."),
      title: z.string().min(1).max(1_000).describe("Title of the notification."),
      body: z.string().max(4_000).optional().describe("Text of the notification."),
      data: z
        .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
        .optional()
        .describe("Values for the app; they arrive as text."),
      credential: z
        .string()
        .min(1)
        .default(DEFAULT_CREDENTIAL)
        .describe(
          "Credential with `projectId` and `clientEmail`, `privateKey` of a service account (or an `accessToken`).",
        ),
    })
    .refine(({ token, topic }) => (token === undefined) !== (topic === undefined), "Give either token or topic.");

type PushContext = NodeContext<z.output<ReturnType<typeof parameters>>>;

/** Sends a push notification through Firebase Cloud Messaging (HTTP v1), at most once. */
export function createPushNotify(): NodeType {
  const tokens = new ServiceAccountTokens();
  return defineNode({
    type: "push_notify",
    label: "Push notification",
    description:
      "Sends a push notification to a device or to the subscribers of a topic through Firebase Cloud Messaging.",
    category: "io",
    effects: "once",
    permissions: ["net", "credentials"],
    credentials: [DEFAULT_CREDENTIAL],
    parameters,
    output: () => z.object({ id: z.string() }),
    example: { parameters: { topic: "service-reminders", title: "Your car is ready", body: "Come by until six." } },
    execute: (ctx) =>
      runOnce(ctx, {
        prepare: () => toPush(ctx, tokens),
        send: async (push) => {
          const request = { service: "Firebase Cloud Messaging", method: "POST", isOnce: true, ...push };
          return readAnswer(await callService(ctx, request));
        },
      }),
    verify: verifyRefusal,
  });
}

async function toPush(ctx: PushContext, tokens: ServiceAccountTokens) {
  const { credential: name } = ctx.parameters;
  const credential = parseCredential(await ctx.credentials(name), name);
  const body = JSON.stringify({ message: toMessage(ctx.parameters) });
  if (Buffer.byteLength(body) > MAX_PAYLOAD_BYTES + 1_024) {
    throw new FatalNodeError(`The notification is larger than ${MAX_PAYLOAD_BYTES} bytes; shorten its body or data.`, {
      code: "invalid_input",
    });
  }
  const { clientEmail, privateKey, tokenUrl = DEFAULT_TOKEN_URL, baseUrl = DEFAULT_BASE_URL } = credential;
  const token =
    clientEmail !== undefined && privateKey !== undefined
      ? await tokens.get(ctx, { clientEmail, privateKey, tokenUrl })
      : credential.accessToken;
  return {
    url: `${baseUrl.replace(/\/+$/, "")}/v1/projects/${encodeURIComponent(credential.projectId)}/messages:send`,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body,
  };
}

function toMessage({ token, topic, title, body, data = {} }: PushContext["parameters"]): unknown {
  const entries = Object.entries(data).map(([key, value]) => [key, String(value)]);
  return {
    ...(token === undefined ? { topic } : { token }),
    notification: body === undefined ? { title } : { title, body },
    ...(entries.length === 0 ? {} : { data: Object.fromEntries(entries) }),
  };
}

function parseCredential(given: Readonly<Record<string, unknown>>, name: string) {
  const url = z.url({ protocol: /^https?$/ }).optional();
  const text = z.string().min(1).max(10_000).optional();
  const parsed = z
    .object({
      projectId: z.string().min(1).max(200),
      clientEmail: text,
      privateKey: text,
      accessToken: text,
      baseUrl: url,
      tokenUrl: url,
    })
    .refine(
      (fields) =>
        fields.accessToken !== undefined || (fields.clientEmail !== undefined && fields.privateKey !== undefined),
    )
    .safeParse(given);
  if (parsed.success) return parsed.data;
  throw new FatalNodeError(
    `The credential "${name}" needs "projectId" and "clientEmail" with "privateKey", or "accessToken", for Firebase.`,
    { code: "not_configured" },
  );
}

function readAnswer({ body }: ServiceAnswer): { readonly id: string } {
  if (isJsonObject(body) && typeof body["name"] === "string") return { id: body["name"] };
  throw unknownOutcome("Firebase Cloud Messaging", "gave an answer without the name of the message");
}
