import { FatalNodeError } from "../errors/errors.js";

export interface BoundedResponseParams {
  /** The answer as undici gave it. */
  readonly response: Response;
  readonly url: URL;
  readonly isRedirected: boolean;
  readonly maxBytes: number;
  /** Turns what broke the body off into the error that its reader gets. */
  readonly toError: (thrown: unknown) => unknown;
}

const WITHOUT_BODY = new Set([101, 204, 205, 304]);
/** Statuses that `Response` can be made with; servers send others too. */
const LEAST_STATUS = 200;
const GREATEST_STATUS = 599;

/** The answer with a body that is counted while it is read, after decompression: so a small bomb stays small. */
export function boundedResponse({ response, url, isRedirected, maxBytes, toError }: BoundedResponseParams): Response {
  const { status, statusText } = response;
  const isUsual = status >= LEAST_STATUS && status <= GREATEST_STATUS;
  const body = WITHOUT_BODY.has(status) || response.body === null ? null : response.body;
  const bounded = new Response(body === null ? null : boundedBody(body, { host: url.host, maxBytes, toError }), {
    status: isUsual ? status : GREATEST_STATUS,
    statusText,
    headers: [...response.headers],
  });
  Object.defineProperties(bounded, { url: { value: url.href }, redirected: { value: isRedirected } });
  if (!isUsual) Object.defineProperties(bounded, { status: { value: status }, ok: { value: false } });
  return bounded;
}

/** The error for an answer that announces more than may be read; undefined when it does not. */
export function announcedTooLarge(response: Response, host: string, maxBytes: number): FatalNodeError | undefined {
  const announced = Number(response.headers.get("content-length") ?? 0);
  return response.body !== null && announced > maxBytes ? tooLarge(host, maxBytes) : undefined;
}

function boundedBody(
  body: ReadableStream<Uint8Array>,
  { host, maxBytes, toError }: { readonly host: string } & Pick<BoundedResponseParams, "maxBytes" | "toError">,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          bytes += value.byteLength;
          if (bytes <= maxBytes) return controller.enqueue(value);
        } catch (error) {
          return controller.error(toError(error));
        }
        controller.error(tooLarge(host, maxBytes));
        await reader.cancel().catch(() => undefined);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function tooLarge(host: string, maxBytes: number): FatalNodeError {
  return new FatalNodeError(
    `The answer of "${host}" is larger than ${maxBytes} bytes; ask for less, or raise network.maxResponseBytes of the engine.`,
    { code: "response_too_large", details: { host, maxBytes } },
  );
}
