import { FatalNodeError } from "@automatrix/core";

/** Encodings that text in a blob may have. */
export const TEXT_ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252"] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

/**
 * Text of bytes, without a byte order mark.
 * @throws FatalNodeError `parse_failed` when the bytes are not text in this encoding
 */
export function decodeText(bytes: Uint8Array, encoding: TextEncoding = "utf-8"): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new FatalNodeError(`The content is not text in ${encoding}; name its encoding in \`encoding\`.`, {
      code: "parse_failed",
    });
  }
}
