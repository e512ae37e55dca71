import { defineNode, FatalNodeError, type NodeContext, RetryableNodeError, z } from "@automatrix/core";
import { runOnce, verifyRefusal } from "../../business/rest/once-call.js";
import { callService, type ServiceAnswer, unknownOutcome } from "../../business/rest/service-call.js";
import { isJsonObject } from "../../json/json-kind.js";

const DEFAULT_CREDENTIAL = "slack";
const DEFAULT_BASE_URL = "https://slack.com/api";
const MAX_TEXT_LENGTH = 40_000;
const MAX_BLOCKS = 50;

/** Answers that promise that nothing was posted, and that may pass. */
const POSTPONED: ReadonlySet<string> = new Set([
  "ratelimited",
  "rate_limited",
  "service_unavailable",
  "team_added_to_org",
  "accesslimited",
]);
/** Of these Slack says that part of the request may have taken place. */
const UNCLEAR: ReadonlySet<string> = new Set(["fatal_error", "internal_error", "request_timeout"]);

const parameters = () =>
  z
    .object({
      channel: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe("Channel or user, by id or #name. An incoming webhook has a channel of its own."),
      text: z
        .string()
        .min(1)
        .max(MAX_TEXT_LENGTH)
        .optional()
        .describe("The message; with blocks, what notifications show."),
      blocks: z
        .array(z.record(z.string(), z.unknown()))
        .min(1)
        .max(MAX_BLOCKS)
        .optional()
        .describe("Layout in Slack's Block Kit."),
      threadTs: z
        .string()
        .regex(/^\d{1,20}\.\d{1,10}$/)
        .optional()
        .describe("`ts` of the message to answer in its thread."),
      credential: z
        .string()
        .min(1)
        .default(DEFAULT_CREDENTIAL)
        .describe("Credential with `token` (a bot's) or `webhookUrl` (an incoming webhook)."),
    })
    .refine(({ text, blocks }) => text !== undefined || blocks !== undefined, "Give text, blocks or both.");

type SlackContext = NodeContext<z.output<ReturnType<typeof parameters>>>;

interface SlackPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Posts a message to Slack, at most once. */
export const slackMessage = defineNode({
  type: "slack_message",
  label: "Slack message",
  description:
    "Posts a message to a channel, a person or a thread on Slack, with a bot's token or an incoming webhook.",
  category: "io",
  effects: "once",
  permissions: ["net", "credentials"],
  credentials: [DEFAULT_CREDENTIAL],
  parameters,
  output: () => z.object({ ok: z.literal(true), channel: z.string().nullable(), ts: z.string().nullable() }),
  example: { parameters: { channel: "#sales", text: "A new lead came in." } },
  execute: (ctx) =>
    runOnce(ctx, {
      prepare: () => toPost(ctx),
      send: async (post) => {
        const answer = await callService(ctx, { service: "Slack", method: "POST", isOnce: true, ...post });
        return readAnswer(answer);
      },
    }),
  verify: verifyRefusal,
});

async function toPost(ctx: SlackContext): Promise<SlackPost> {
  const { credential, channel, text, blocks, threadTs } = ctx.parameters;
  const { token, webhookUrl, baseUrl } = parseCredential(await ctx.credentials(credential), credential);
  const message = {
    ...(text === undefined ? {} : { text }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
  };
  const contentType = { "content-type": "application/json; charset=utf-8" };
  if (token === undefined) return { url: webhookUrl as string, headers: contentType, body: JSON.stringify(message) };
  if (channel === undefined) {
    throw new FatalNodeError("A message posted with a token needs a `channel`.", { code: "invalid_input" });
  }
  return {
    url: `${(baseUrl ?? DEFAULT_BASE_URL).replace(/\/+$/, "")}/chat.postMessage`,
    headers: { ...contentType, authorization: `Bearer ${token}` },
    body: JSON.stringify({ channel, ...message }),
  };
}

function parseCredential(given: Readonly<Record<string, unknown>>, name: string) {
  const url = z.url({ protocol: /^https?$/ }).optional();
  const parsed = z
    .object({ token: z.string().min(1).optional(), webhookUrl: url, baseUrl: url })
    .refine(({ token, webhookUrl }) => token !== undefined || webhookUrl !== undefined)
    .safeParse(withPlainText(given));
  if (parsed.success) return parsed.data;
  throw new FatalNodeError(`The credential "${name}" needs a field "token" or "webhookUrl" for Slack.`, {
    code: "not_configured",
  });
}

/** A credential that is a plain text is the address of a webhook, or else a token. */
function withPlainText(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { token, webhookUrl, value } = given;
  if (token !== undefined || webhookUrl !== undefined || typeof value !== "string") return given;
  return /^https?:/.test(value) ? { ...given, webhookUrl: value } : { ...given, token: value };
}

/** Slack answers 200 also when it refuses; an incoming webhook answers with the text `ok`. */
function readAnswer({ body }: ServiceAnswer): unknown {
  if (body === "ok") return { ok: true, channel: null, ts: null };
  if (!isJsonObject(body)) throw unknownOutcome("Slack", "gave an answer that cannot be read");
  const { ok, channel, ts, error } = body;
  if (ok === true)
    return { ok: true, channel: typeof channel === "string" ? channel : null, ts: typeof ts === "string" ? ts : null };
  const reason = typeof error === "string" && /^[\w-]{1,80}$/.test(error) ? error : "unknown";
  const details = { error: reason };
  if (POSTPONED.has(reason)) {
    throw new RetryableNodeError(`Slack cannot take the message now (${reason}).`, {
      code: "service_unavailable",
      details,
    });
  }
  if (UNCLEAR.has(reason)) throw unknownOutcome("Slack", `answered with ${reason}`, { details });
  throw new FatalNodeError(`Slack refused the message (${reason}).`, { code: "service_refused", details });
}
