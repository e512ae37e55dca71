import { defineNode, FatalNodeError, z } from "@automatrix/core";
import { isJsonType, isTextType, mediaTypeOf } from "../../http/decode-body.js";
import { HttpExchange } from "../../http/http-exchange.js";
import { readBytes } from "../../http/read-bytes.js";
import { decodePage } from "./page-charset.js";
import { type Article, readArticle } from "./read-article.js";

const MEBIBYTE = 1024 * 1024;
const DEFAULT_MAX_RESPONSE_BYTES = 4 * MEBIBYTE;
const MAX_RESPONSE_BYTES = 16 * MEBIBYTE;
const DEFAULT_MAX_TEXT_LENGTH = 100_000;
const MAX_TEXT_LENGTH = 1_000_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 300_000;
const MAX_URL_LENGTH = 8_000;
const ACCEPT = "text/html, application/xhtml+xml, text/plain;q=0.9, text/*;q=0.8, application/json;q=0.7";

/** Reads a web page: the article as plain text, without navigation and advertisements. */
export const webRead = defineNode({
  type: "web_read",
  label: "Read a web page",
  description:
    "Fetches a web page and gives its readable text: {url, title, text, excerpt, byline, truncated}. Scripts are not run.",
  category: "tools",
  effects: "idempotent",
  permissions: ["net"],
  parameters: () =>
    z.object({
      url: z
        .string()
        .min(1)
        .max(MAX_URL_LENGTH)
        .optional()
        .describe("Address of the page; the input when it is text and nothing is given."),
      maxTextLength: z
        .number()
        .int()
        .min(1)
        .max(MAX_TEXT_LENGTH)
        .default(DEFAULT_MAX_TEXT_LENGTH)
        .describe("Longest text in characters; the rest is cut off and `truncated` is true."),
      maxResponseBytes: z
        .number()
        .int()
        .min(1)
        .max(MAX_RESPONSE_BYTES)
        .default(DEFAULT_MAX_RESPONSE_BYTES)
        .describe("Largest page in bytes, default 4 MiB."),
      timeoutMs: z
        .number()
        .int()
        .min(1)
        .max(MAX_TIMEOUT_MS)
        .default(DEFAULT_TIMEOUT_MS)
        .describe("How long fetching may take, in milliseconds."),
    }),
  example: { parameters: { url: "https://example.com/article" } },
  execute(ctx) {
    const { maxTextLength, maxResponseBytes, timeoutMs } = ctx.parameters;
    const url = parseUrl(ctx.parameters.url ?? ctx.input);
    const exchange = new HttpExchange(ctx, { auth: undefined, allowedStatus: [], redirect: "follow", timeoutMs });
    return exchange.send(
      { method: "GET", url, headers: new Headers({ accept: ACCEPT }), body: undefined },
      async (response) => {
        const article = await readPage(response, maxResponseBytes);
        const truncated = article.text.length > maxTextLength;
        return { url: response.url || url.href, ...article, text: cut(article.text, maxTextLength), truncated };
      },
    );
  },
});

function parseUrl(value: unknown): URL {
  const url =
    typeof value === "string" && value.length <= MAX_URL_LENGTH && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new FatalNodeError("Give the `url` of a page that begins with https:// or http://.", { code: "invalid_input" });
}

async function readPage(response: Response, maxBytes: number): Promise<Article> {
  const contentType = response.headers.get("content-type");
  const mediaType = mediaTypeOf(contentType);
  const isHtml = mediaType === "" || mediaType === "text/html" || mediaType === "application/xhtml+xml";
  if (!isHtml && !isTextType(mediaType)) {
    await response.body?.cancel();
    throw new FatalNodeError(
      `The address leads to ${mediaType.slice(0, 100)}, which is no page with text; fetch it with http_request.`,
      {
        code: "invalid_response",
        details: { contentType: mediaType.slice(0, 100) },
      },
    );
  }
  const text = decodePage(await readBytes(response, { maxBytes, usedBytes: 0 }), contentType);
  if (isHtml) return readArticle(text);
  return {
    title: null,
    text: isJsonType(mediaType) ? text.trim() : text.replace(/\r\n?/g, "\n").trim(),
    excerpt: null,
    byline: null,
  };
}

/** The beginning of a text, without half of a character at its end. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
