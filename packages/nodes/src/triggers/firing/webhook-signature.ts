import { createHmac, timingSafeEqual } from "node:crypto";

const SIGNATURE = "x-signature-256";
const TIMESTAMP = "x-timestamp";
const PREFIX = "sha256=";
const MAX_AGE_MS = 5 * 60_000;
const MILLISECONDS_PER_SECOND = 1_000;
/** A number below this counts seconds. */
const SECONDS_BELOW = 100_000_000_000;

export interface SignedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Uint8Array;
}

/**
 * What a request has to carry: `X-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>`. With `X-Timestamp` the signed
 * text is `<timestamp>.<raw body>`, and the timestamp at most five minutes off.
 */
export function isSigned({ headers, rawBody }: SignedRequest, secret: string, now: number): boolean {
  const signature = headers[SIGNATURE];
  if (signature === undefined || !signature.startsWith(PREFIX)) return false;
  const timestamp = headers[TIMESTAMP];
  if (timestamp !== undefined && !isRecent(timestamp, now)) return false;
  const expected = createHmac("sha256", secret);
  if (timestamp !== undefined) expected.update(`${timestamp}.`);
  return isSame(signature.slice(PREFIX.length), expected.update(rawBody).digest());
}

/** The header for a body, as `isSigned` wants it. */
export function sign(rawBody: Uint8Array | string, secret: string, timestamp?: string): string {
  const hmac = createHmac("sha256", secret);
  if (timestamp !== undefined) hmac.update(`${timestamp}.`);
  return PREFIX + hmac.update(rawBody).digest("hex");
}

function isRecent(timestamp: string, now: number): boolean {
  const number = Number(timestamp);
  const at = Number.isFinite(number)
    ? number < SECONDS_BELOW
      ? number * MILLISECONDS_PER_SECOND
      : number
    : Date.parse(timestamp);
  return Math.abs(now - at) <= MAX_AGE_MS;
}

function isSame(hex: string, expected: Buffer): boolean {
  const given = Buffer.from(hex, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
