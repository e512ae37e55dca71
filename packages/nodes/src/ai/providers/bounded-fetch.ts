import { createProviderError } from "../provider-error.js";

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface BoundedFetchOptions {
  readonly maxAnswerBytes: number;
  readonly provider: string;
}

const STATUSES_WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** A fetch whose answers end with an error once they pass `maxAnswerBytes`, whatever their headers promise. */
export function boundedFetch(fetch: Fetch, { maxAnswerBytes, provider }: BoundedFetchOptions): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (response.body === null || STATUSES_WITHOUT_BODY.has(response.status)) return response;
    const body = response.body.pipeThrough(byteLimit(maxAnswerBytes, provider));
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers: withoutEncoding(headers) });
  };
}

function byteLimit(maxBytes: number, provider: string): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) controller.enqueue(chunk);
      else controller.error(answerTooLarge(maxBytes, provider));
    },
  });
}

function answerTooLarge(maxBytes: number, provider: string): Error {
  return createProviderError(
    `The AI provider "${provider}" answered with more than ${maxBytes} bytes; ask for less, or raise the option ai.maxAnswerBytes.`,
    { provider, model: "unknown", reason: "answer_too_large" },
  );
}

/** The body is decoded already. */
function withoutEncoding(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("content-encoding");
  copy.delete("content-length");
  return copy;
}
