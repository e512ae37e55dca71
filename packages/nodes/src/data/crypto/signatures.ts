import {
  constants,
  createHmac,
  type KeyObject,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from "node:crypto";
import type { Digest, Signature } from "./algorithms.js";

interface Scheme {
  /** Digest of the signature; null where the scheme brings its own. */
  readonly digest: string | null;
  readonly options: { readonly padding?: number; readonly saltLength?: number };
}

/** ECDSA signatures are in DER, as OpenSSL and most services write them. */
const SCHEMES: Readonly<Record<Signature, Scheme>> = {
  ed25519: { digest: null, options: {} },
  "rsa-sha256": { digest: "sha256", options: { padding: constants.RSA_PKCS1_PADDING } },
  "rsa-pss-sha256": {
    digest: "sha256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  "ecdsa-sha256": { digest: "sha256", options: {} },
};

export function sign(content: Uint8Array, key: KeyObject, algorithm: Signature): Buffer {
  const { digest, options } = SCHEMES[algorithm];
  return signBytes(digest, content, { key, ...options });
}

export interface SignatureClaim {
  readonly signature: Uint8Array;
  readonly algorithm: Signature;
}

export function isSignedBy(content: Uint8Array, key: KeyObject, { signature, algorithm }: SignatureClaim): boolean {
  const { digest, options } = SCHEMES[algorithm];
  return verifyBytes(digest, content, { key, ...options }, signature);
}

export function hmac(content: Uint8Array, secret: Uint8Array, digest: Digest): Buffer {
  return createHmac(digest, secret).update(content).digest();
}

/** Whether two byte strings are equal, in a time that does not tell where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
