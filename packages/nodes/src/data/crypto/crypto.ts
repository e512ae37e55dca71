import { createHash, randomBytes, randomUUID } from "node:crypto";
import { defineNode, type Effects, FatalNodeError, type NodeContext, z } from "@automatrix/core";
import { choiceParameter } from "../../parameters/choice-parameter.js";
import { readContent, readSource } from "../content/content.js";
import { decodeText } from "../content/decode-text.js";
import { sourceParameter } from "../content/source-parameter.js";
import { ALGORITHMS, type Algorithm, type Digest, isRandomized, isSignature } from "./algorithms.js";
import { BYTE_ENCODINGS, type ByteEncoding, decodeBytes, encodeBytes } from "./byte-encoding.js";
import { decrypt, encrypt } from "./encryption.js";
import { readCipherKey, readPrivateKey, readPublicKey, readSecret } from "./keys.js";
import { equalBytes, hmac, isSignedBy, sign } from "./signatures.js";

const OPERATIONS = [
  "hash",
  "hmac",
  "sign",
  "verify",
  "random",
  "uuid",
  "encrypt",
  "decrypt",
  "encode",
  "decode",
] as const;
type Operation = (typeof OPERATIONS)[number];
const KEYED: ReadonlySet<Operation> = new Set(["hmac", "sign", "verify", "encrypt", "decrypt"]);

/** Hashing and signing happen at once, so that this bounds how long other work waits. */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_RANDOM_BYTES = 32;
const MAX_RANDOM_BYTES = 4_096;
const MAX_SIGNATURE_LENGTH = 4_096;
const MAX_CONTEXT_LENGTH = 1_000;

interface CryptoParameters {
  readonly operation: Operation;
  readonly source?: unknown;
  readonly sourceEncoding: "text" | ByteEncoding;
  readonly algorithm?: Algorithm | undefined;
  readonly encoding?: ByteEncoding | undefined;
  readonly credential?: string | undefined;
  readonly signature?: string | undefined;
  readonly context: string;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** Hashes, signs, verifies, encrypts, encodes, and makes random values. Keys come from credentials alone. */
export const crypto = defineNode({
  type: "crypto",
  label: "Crypto",
  description:
    "Hashes, signs, verifies, encrypts and encodes text or blobs, and makes random values. Keys come from credentials.",
  category: "data",
  effects: (parameters) => effectsOf(parameters),
  permissions: ["credentials"],
  parameters: () =>
    z
      .object({
        operation: z
          .enum(OPERATIONS)
          .describe(
            "hash, hmac, sign and verify (true or false); encrypt and decrypt (AES-256-GCM); encode and decode text; random and uuid.",
          ),
        source: sourceParameter(),
        sourceEncoding: z
          .enum(["text", ...BYTE_ENCODINGS])
          .default("text")
          .describe("How text in `source` stands for bytes: as UTF-8, or in hex, base64 or base64url."),
        algorithm: choiceParameter(ALGORITHMS)
          .optional()
          .describe(
            "hash, hmac: a digest, default sha256 (sha1 and md5 only for old protocols). sign: default ed25519. verify: a digest checks an HMAC (default sha256), the others a signature.",
          ),
        encoding: z
          .enum(BYTE_ENCODINGS)
          .optional()
          .describe(
            "How the result or the `signature` is written. Default hex; base64 for encrypt, decrypt, encode and decode.",
          ),
        credential: z
          .string()
          .min(1)
          .optional()
          .describe(
            "Name of the credential with the key: `secret` for hmac, `privateKey` and `publicKey` in PEM for sign and verify, `key` (32 bytes in base64) for encrypt and decrypt.",
          ),
        signature: z.string().max(MAX_SIGNATURE_LENGTH).optional().describe("verify: the HMAC or signature to check."),
        context: z
          .string()
          .max(MAX_CONTEXT_LENGTH)
          .default("")
          .describe(
            "encrypt, decrypt: what the content belongs to, such as a customer's id; both must be given the same.",
          ),
        bytes: z
          .number()
          .int()
          .min(1)
          .max(MAX_RANDOM_BYTES)
          .default(DEFAULT_RANDOM_BYTES)
          .describe("random: how many bytes."),
        maxBytes: z
          .number()
          .int()
          .positive()
          .max(MAX_BYTES)
          .default(DEFAULT_MAX_BYTES)
          .describe("Largest source in bytes, default 16 MiB."),
      })
      .superRefine(({ operation, algorithm, credential, signature }, context) => {
        const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
        if (KEYED.has(operation) && credential === undefined) refuse("credential", `${operation} needs a credential.`);
        if (operation === "verify" && signature === undefined) refuse("signature", "verify needs a signature.");
        if (algorithm === undefined) return;
        if (operation === "sign" && !isSignature(algorithm))
          refuse("algorithm", `sign does not take ${algorithm}; use hmac for digests with a secret.`);
        if ((operation === "hash" || operation === "hmac") && isSignature(algorithm)) {
          refuse("algorithm", `${operation} takes a digest, not ${algorithm}.`);
        }
      }),
  example: {
    parameters: { operation: "hash" },
    input: "hello",
    output: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  },
  execute: (ctx) => perform(ctx.parameters, ctx),
});

function effectsOf({
  operation,
  algorithm,
}: {
  readonly operation: Operation;
  readonly algorithm?: Algorithm | undefined;
}): Effects {
  if (operation === "random" || operation === "uuid" || operation === "encrypt") return "idempotent";
  return operation === "sign" && algorithm !== undefined && isRandomized(algorithm) ? "idempotent" : "pure";
}

async function perform(given: CryptoParameters, ctx: NodeContext<unknown>): Promise<string | boolean> {
  // Keys and tokens need the operating system's randomness; the engine's is for jitter and can be scripted.
  if (given.operation === "uuid") return randomUUID();
  if (given.operation === "random") return encodeBytes(randomBytes(given.bytes), given.encoding ?? "hex");
  return transform(await readBytes(given, ctx), given, ctx);
}

async function transform(
  content: Uint8Array,
  given: CryptoParameters,
  ctx: NodeContext<unknown>,
): Promise<string | boolean> {
  const { operation, credential = "", context } = given;
  switch (operation) {
    case "hash":
      return encodeBytes(createHash(digestOf(given)).update(content).digest(), given.encoding ?? "hex");
    case "hmac":
      return encodeBytes(hmac(content, await readSecret(ctx, credential), digestOf(given)), given.encoding ?? "hex");
    case "sign": {
      const algorithm = given.algorithm !== undefined && isSignature(given.algorithm) ? given.algorithm : "ed25519";
      const key = await readPrivateKey(ctx, { credential, algorithm });
      return encodeBytes(sign(content, key, algorithm), given.encoding ?? "hex");
    }
    case "verify":
      return isAuthentic(content, given, ctx);
    case "encrypt":
      return encodeBytes(
        encrypt(content, { key: await readCipherKey(ctx, credential), context }),
        given.encoding ?? "base64",
      );
    case "decrypt":
      return decodeText(decrypt(content, { key: await readCipherKey(ctx, credential), context }));
    case "decode":
      return decodeText(content);
    default:
      return encodeBytes(content, given.encoding ?? "base64");
  }
}

function digestOf({ algorithm = "sha256" }: CryptoParameters): Digest {
  if (!isSignature(algorithm)) return algorithm;
  throw new FatalNodeError(`${algorithm} is no digest.`, { code: "invalid_parameters" });
}

/** A signature that is not even written in its encoding is a wrong one, not a fault of the workflow. */
async function isAuthentic(content: Uint8Array, given: CryptoParameters, ctx: NodeContext<unknown>): Promise<boolean> {
  const { algorithm = "sha256", credential = "", encoding = "hex" } = given;
  const signature = tryDecode(given.signature ?? "", encoding);
  if (!isSignature(algorithm)) {
    const expected = hmac(content, await readSecret(ctx, credential), algorithm);
    return signature !== undefined && equalBytes(signature, expected);
  }
  const key = await readPublicKey(ctx, { credential, algorithm });
  return signature !== undefined && isSignedBy(content, key, { signature, algorithm });
}

function tryDecode(text: string, encoding: ByteEncoding): Uint8Array | undefined {
  try {
    return decodeBytes(text, encoding, "The signature");
  } catch {
    return undefined;
  }
}

/** The source's bytes. `decrypt` and `decode` read text in `encoding` unless `sourceEncoding` says otherwise. */
async function readBytes(given: CryptoParameters, ctx: NodeContext<unknown>): Promise<Uint8Array> {
  const source = readSource(given.source, ctx);
  const content = await readContent(source, { maxBytes: given.maxBytes }, ctx);
  if (typeof source !== "string") return content;
  const isWritten = given.operation === "decrypt" || given.operation === "decode";
  const encoding = given.sourceEncoding === "text" && isWritten ? (given.encoding ?? "base64") : given.sourceEncoding;
  return encoding === "text" ? content : decodeBytes(source, encoding, "The source");
}
