import { FatalNodeError } from "../errors/errors.js";
import { type HttpRequest, parseTarget } from "./http-request.js";

const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);
/**
 * What may follow a redirect to another origin. A list of what to keep, because any header may hold a key: whatever a
 * caller named himself stays behind.
 */
const KEPT_ACROSS_ORIGINS = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-type",
  "idempotency-key",
  "range",
  "user-agent",
]);
const BODY_HEADERS = ["content-encoding", "content-language", "content-length", "content-type"];

/** Where an answer leads: the text of its `Location`, or undefined when it is no redirect. */
export function locationOf(response: Pick<Response, "status" | "headers">): string | undefined {
  return REDIRECT_STATUS.has(response.status) ? (response.headers.get("location") ?? undefined) : undefined;
}

/**
 * The request that follows a redirect, by the rules of fetch: 303, and 301 or 302 after a POST, go on as GET without a
 * body; everything else repeats method and body. To another origin only harmless headers go along.
 * @throws FatalNodeError `redirect_refused` when it cannot or must not be followed
 */
export function nextRequest(request: HttpRequest, location: string, status: number): HttpRequest {
  const url = parseLocation(request.url, location);
  const isNowGet =
    (status === 303 && request.method !== "GET" && request.method !== "HEAD") ||
    ((status === 301 || status === 302) && request.method === "POST");
  const body = isNowGet ? null : request.body;
  if (body instanceof ReadableStream)
    throw redirectRefused(request.url, "its body is a stream, which cannot be sent a second time");
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    if (isNowGet && BODY_HEADERS.includes(name)) continue;
    if (url.origin === request.url.origin || KEPT_ACROSS_ORIGINS.has(name)) headers.append(name, value);
  }
  return { url, method: isNowGet ? "GET" : request.method, headers, body };
}

/** The reason is a half sentence; addresses stay out of it, for a query may hold a key. */
export function redirectRefused(from: URL, reason: string): FatalNodeError {
  return new FatalNodeError(`A redirect of "${from.host}" was not followed: ${reason}.`, {
    code: "redirect_refused",
    details: { host: from.host },
  });
}

function parseLocation(from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url === undefined) throw redirectRefused(from, "its Location is no URL");
  const target = parseTarget(url);
  // The fragment of where one came from stays when the redirect names none.
  if (target.hash === "") target.hash = from.hash;
  return target;
}
