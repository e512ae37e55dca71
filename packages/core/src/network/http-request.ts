import { FatalNodeError } from "../errors/errors.js";

/** One request on its way, in a form that can be sent again to another address. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: RequestInit["body"];
}

const PROTOCOLS = new Set(["http:", "https:"]);
const DEFAULT_USER_AGENT = "automatrix";

/** @throws FatalNodeError `invalid_url`, `address_refused` */
export async function toHttpRequest(url: string | URL, init: RequestInit): Promise<HttpRequest> {
  const target = parseTarget(url);
  const headers = new Headers(init.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", DEFAULT_USER_AGENT);
  const method = (init.method ?? "GET").toUpperCase();
  if (!(init.body instanceof FormData)) return { url: target, method, headers, body: init.body ?? null };
  // The form of this Node.js is foreign to the fetch of another copy of undici, so it is encoded here.
  const encoded = new Response(init.body);
  headers.set("content-type", encoded.headers.get("content-type") ?? "multipart/form-data");
  return { url: target, method, headers, body: await encoded.arrayBuffer() };
}

/**
 * Reads a URL as it will be called: odd spellings of addresses (decimal, octal, full-width) become plain ones here.
 * @throws FatalNodeError `invalid_url`, `address_refused`
 */
export function parseTarget(url: string | URL): URL {
  const target = parseUrl(String(url));
  if (target === null)
    throw new FatalNodeError("This is no URL; give one such as https://example.com/path.", { code: "invalid_url" });
  if (!PROTOCOLS.has(target.protocol)) {
    throw new FatalNodeError(`Only http: and https: are called, not "${target.protocol}".`, {
      code: "address_refused",
      details: { kind: "protocol" },
    });
  }
  if (target.username === "" && target.password === "") return target;
  throw new FatalNodeError(
    `The URL of "${target.host}" holds a user name or password; give them as a credential instead, so that they stay secret.`,
    { code: "invalid_url", details: { host: target.host } },
  );
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
