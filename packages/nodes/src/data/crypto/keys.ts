import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { readCredential } from "../../http/credential-field.js";
import type { Signature } from "./algorithms.js";
import { decodeBytes } from "./byte-encoding.js";

const CIPHER_KEY_BYTES = 32;
const MIN_RSA_BITS = 2_048;
/** Type of the key that each signature takes. */
const KEY_TYPES: Readonly<Record<Signature, string>> = {
  ed25519: "ed25519",
  "rsa-sha256": "rsa",
  "rsa-pss-sha256": "rsa",
  "ecdsa-sha256": "ec",
};

/** Each key may also be the whole credential, a plain text: then it is its `value`. */
type KeyContext = Pick<NodeContext, "credentials">;

/** Secret of an HMAC: the credential's `secret`, as UTF-8. */
export async function readSecret(ctx: KeyContext, credential: string): Promise<Buffer> {
  const fields = await readCredential(ctx, credential);
  return Buffer.from(fields.text("secret", "key", "value"), "utf8");
}

/** Key of AES-256: the credential's `key`, 32 bytes in base64. */
export async function readCipherKey(ctx: KeyContext, credential: string): Promise<Buffer> {
  const text = (await readCredential(ctx, credential)).text("key", "value");
  const key = decodeBytes(text, "base64", `The key of credential "${credential}"`);
  if (key.byteLength === CIPHER_KEY_BYTES) return key;
  throw unusable(credential, `needs a key of ${CIPHER_KEY_BYTES} bytes in base64`);
}

export interface KeyRequest {
  readonly credential: string;
  readonly algorithm: Signature;
}

/** Private key of the credential, in PEM under `privateKey`. */
export async function readPrivateKey(ctx: KeyContext, given: KeyRequest): Promise<KeyObject> {
  const pem = (await readCredential(ctx, given.credential)).text("privateKey", "value");
  return toKey(given, () => createPrivateKey(pem));
}

/** Public key of the credential, in PEM under `publicKey`; that of the private key when there is only this one. */
export async function readPublicKey(ctx: KeyContext, given: KeyRequest): Promise<KeyObject> {
  const pem = (await readCredential(ctx, given.credential)).text("publicKey", "privateKey", "value");
  return toKey(given, () => createPublicKey(pem));
}

function toKey({ credential, algorithm }: KeyRequest, create: () => KeyObject): KeyObject {
  const key = readPem(credential, create);
  if (key.asymmetricKeyType !== KEY_TYPES[algorithm]) throw unusable(credential, `holds no key for ${algorithm}`);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) {
    throw unusable(credential, `holds an RSA key shorter than ${MIN_RSA_BITS} bits`);
  }
  return key;
}

/** The cause of a failure may quote the key, so that it is left out. */
function readPem(credential: string, create: () => KeyObject): KeyObject {
  try {
    return create();
  } catch {
    throw unusable(credential, "holds no key in PEM that can be read");
  }
}

function unusable(credential: string, why: string): FatalNodeError {
  return new FatalNodeError(`The credential "${credential}" ${why}.`, { code: "credential_unusable" });
}
