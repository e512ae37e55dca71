import { type BlobReference, FatalNodeError, type NodeContext } from "@automatrix/core";
import { decodeIfText, decodeText, isJsonType, isTextType, mediaTypeOf } from "./decode-body.js";
import { maskSecrets } from "./mask-secrets.js";
import { type ByteBudget, readBytes, readChunks } from "./read-bytes.js";

/** What a body is read as; `auto` goes by its content type. */
export type ResponseKind = "auto" | "json" | "text" | "binary" | "none";

export interface ReadAnswerParams {
  readonly kind: ResponseKind;
  readonly budget: ByteBudget;
  /** Covered wherever they stand in texts; binary content stays as it is. */
  readonly secrets: readonly string[];
  readonly blobs: NodeContext["blobs"];
}

const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/**
 * The body of an answer: JSON, text, a blob reference, or null when there is none.
 * @throws FatalNodeError `invalid_response`, `response_too_large`
 */
export async function readAnswer(response: Response, params: ReadAnswerParams): Promise<unknown> {
  const { kind, budget, secrets } = params;
  if (kind === "none") return skipBody(response);
  const contentType = response.headers.get("content-type");
  const mediaType = mediaTypeOf(contentType);
  if (kind === "binary" || (kind === "auto" && mediaType !== "" && !isTextType(mediaType))) {
    return response.body === null ? null : storeBody(response, params);
  }
  const bytes = await readBytes(response, budget);
  if (bytes.byteLength === 0) return kind === "text" ? "" : null;
  if (kind === "auto" && mediaType === "") return readUntyped(bytes, params);
  const text = maskSecrets(decodeText(bytes, contentType), secrets);
  return kind === "json" || (kind === "auto" && isJsonType(mediaType)) ? parseJson(text, mediaType) : text;
}

/** The headers of an answer as an object; `set-cookie` is a list, since its values cannot be joined. */
export function readHeaders(response: Response, secrets: readonly string[]): Readonly<Record<string, unknown>> {
  const entries = [...response.headers].map(([name, value]) => [name, maskSecrets(value, secrets)] as const);
  const cookies = response.headers.getSetCookie().map((cookie) => maskSecrets(cookie, secrets));
  return { ...Object.fromEntries(entries), ...(cookies.length > 0 && { "set-cookie": cookies }) };
}

async function skipBody(response: Response): Promise<null> {
  await response.body?.cancel();
  return null;
}

function storeBody(response: Response, { budget, blobs }: ReadAnswerParams): Promise<BlobReference> {
  const contentType = response.headers.get("content-type") ?? DEFAULT_CONTENT_TYPE;
  return blobs.put(readChunks(response, budget), { contentType });
}

function readUntyped(bytes: Uint8Array, { blobs, secrets }: ReadAnswerParams): string | Promise<BlobReference> {
  const text = decodeIfText(bytes);
  return text === undefined ? blobs.put(bytes, { contentType: DEFAULT_CONTENT_TYPE }) : maskSecrets(text, secrets);
}

function parseJson(text: string, mediaType: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const what = mediaType === "" ? "without a content type" : `of type "${mediaType}"`;
    throw new FatalNodeError(
      `Expected JSON, but the answer is a text ${what} that is none. Take it with responseKind "text", or check the URL: it may have led to a page.`,
      { code: "invalid_response", details: { contentType: mediaType, characters: text.length } },
    );
  }
}
