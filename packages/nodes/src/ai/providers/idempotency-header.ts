import { createHash } from "node:crypto";

/** What a header may hold, within the length that providers take. */
const HEADER_VALUE = /^[\x21-\x7e]{1,255}$/;

/** The header that makes a second attempt the same call. A key that no header can hold is sent as its hash. */
export function idempotencyHeader(key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  return { "Idempotency-Key": HEADER_VALUE.test(key) ? key : createHash("sha256").update(key).digest("hex") };
}
