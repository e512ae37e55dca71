import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { FatalNodeError } from "@automatrix/core";

/**
 * AES-256-GCM with a random nonce. What comes out is one version byte, the nonce, the ciphertext and the tag. The
 * context, such as the id of a customer, is not stored: without the same one nothing is decrypted.
 */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

export interface CipherKey {
  readonly key: Uint8Array;
  readonly context: string;
}

export function encrypt(content: Uint8Array, { key, context }: CipherKey): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context, "utf8"));
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, encrypted, cipher.getAuthTag()]);
}

/** @throws FatalNodeError `decryption_failed`: wrong key, wrong context, or changed content; which of them is not said */
export function decrypt(sealed: Uint8Array, { key, context }: CipherKey): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.byteLength < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw failed();
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context, "utf8"));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw failed();
  }
}

function failed(): FatalNodeError {
  return new FatalNodeError("The content cannot be decrypted: another key or context, or it was changed.", {
    code: "decryption_failed",
  });
}
