import { FatalNodeError } from "@automatrix/core";

/** How bytes are written as text. */
export const BYTE_ENCODINGS = ["hex", "base64", "base64url"] as const;
export type ByteEncoding = (typeof BYTE_ENCODINGS)[number];

const FORMS: Readonly<Record<ByteEncoding, RegExp>> = {
  hex: /^(?:[\da-fA-F]{2})*$/,
  base64: /^[A-Za-z\d+/]*={0,2}$/,
  base64url: /^[A-Za-z\d_-]*={0,2}$/,
};

/**
 * Bytes of a text in an encoding. Node.js drops what does not belong there; here it is refused. Line breaks and spaces
 * around the text and between lines are allowed.
 * @throws FatalNodeError `invalid_input`; the message names `what` and never quotes it
 */
export function decodeBytes(text: string, encoding: ByteEncoding, what: string): Buffer {
  const compact = text.replace(/\s+/g, "");
  const digits = compact.replace(/=+$/, "").length;
  const isWhole = encoding === "hex" || digits % 4 !== 1;
  if (FORMS[encoding].test(compact) && isWhole) return Buffer.from(compact, encoding);
  throw new FatalNodeError(`${what} is not written in ${encoding}.`, { code: "invalid_input" });
}

export function encodeBytes(bytes: Uint8Array, encoding: ByteEncoding): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
