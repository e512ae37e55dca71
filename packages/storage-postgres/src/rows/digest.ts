import { createHash } from "node:crypto";

/** Stands for "none" where a column of digests may not be null. */
export const NO_DIGEST = "00000000-0000-0000-0000-000000000000";

/**
 * A fixed-size key for a text of any length and content, as a uuid: 128 bits of SHA-256. An index on the text itself
 * would refuse long ones, and one refused row would fail the whole batch it came in.
 */
export function digestOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  // JSON escapes what UTF-8 cannot carry, and keeps the parts apart.
  const hex = hash.update(JSON.stringify(parts)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
