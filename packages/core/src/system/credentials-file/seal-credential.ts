import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AutomatrixError } from "../../errors/errors.js";
import { NONCE_BYTES, type SealedCredential, TAG_BYTES } from "./credentials-document.js";
import type { CredentialKey } from "./key-ring.js";

const CIPHER = "aes-256-gcm";

export interface SealParams {
  readonly name: string;
  readonly tenant: string | null;
  readonly value: Readonly<Record<string, unknown>>;
  readonly key: CredentialKey;
}

/** Encrypts a credential. Its name, its tenant and the key belong to it: under others it does not open. */
export function sealCredential({ name, tenant, value, key }: SealParams): SealedCredential {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.encryption, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(identityOf({ name, tenant, keyId: key.id }));
  const data = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
  return { name, tenant, keyId: key.id, nonce, data, tag: cipher.getAuthTag() };
}

export interface OpenParams {
  readonly sealed: SealedCredential;
  readonly keys: readonly CredentialKey[];
  /** For errors. */
  readonly file: string;
}

/** @throws AutomatrixError `credentials_key_unknown`, `credentials_file_damaged` */
export function openCredential({ sealed, keys, file }: OpenParams): Readonly<Record<string, unknown>> {
  const key = keys.find(({ id }) => id === sealed.keyId);
  if (key === undefined) throw unknownKey(sealed, file);
  try {
    const decipher = createDecipheriv(CIPHER, key.encryption, sealed.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(identityOf(sealed));
    decipher.setAuthTag(sealed.tag);
    const text = Buffer.concat([decipher.update(sealed.data), decipher.final()]).toString("utf8");
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Without its cause: an error of JSON quotes what it could not read.
    throw new AutomatrixError(
      "credentials_file_damaged",
      `Credential "${sealed.name}" in ${file} is damaged or was tampered with: it does not fit its name, tenant and key. Set it anew, and find out who changed the file.`,
    );
  }
}

/** @throws AutomatrixError `credentials_key_unknown` */
export function unknownKey({ name, keyId }: SealedCredential, file: string): AutomatrixError {
  return new AutomatrixError(
    "credentials_key_unknown",
    `Credential "${name}" in ${file} was encrypted with a key that is not given (id ${keyId}); add that key to the keys.`,
  );
}

function identityOf({ name, tenant, keyId }: Pick<SealedCredential, "name" | "tenant" | "keyId">): Buffer {
  return Buffer.from(JSON.stringify(["automatrix-credential", 1, keyId, tenant, name]), "utf8");
}
