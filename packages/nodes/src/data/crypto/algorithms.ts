/** Digests for hashes and HMACs. `sha1` and `md5` are there for old protocols and checksums; they prove nothing by themselves. */
export const DIGESTS = ["sha256", "sha384", "sha512", "sha3-256", "sha3-512", "sha1", "md5"] as const;
export type Digest = (typeof DIGESTS)[number];

/** Signatures with a private key. */
export const SIGNATURES = ["ed25519", "rsa-sha256", "rsa-pss-sha256", "ecdsa-sha256"] as const;
export type Signature = (typeof SIGNATURES)[number];

export const ALGORITHMS = [...DIGESTS, ...SIGNATURES] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export function isSignature(algorithm: Algorithm): algorithm is Signature {
  return (SIGNATURES as readonly Algorithm[]).includes(algorithm);
}

/** Signatures in which chance has a part: two of the same text differ. */
export function isRandomized(algorithm: Algorithm): boolean {
  return algorithm === "rsa-pss-sha256" || algorithm === "ecdsa-sha256";
}
