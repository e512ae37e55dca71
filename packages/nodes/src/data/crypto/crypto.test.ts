import { createHmac, generateKeyPairSync } from "node:crypto";
import { memoryBlobStore } from "@automatrix/core/memory";
import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { crypto } from "./crypto.js";

const CIPHER_KEY = Buffer.alloc(32, 7).toString("base64");
const pem = ({ privateKey, publicKey }: ReturnType<typeof generateKeyPairSync>) => ({
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
});
const keys = {
  ed25519: pem(generateKeyPairSync("ed25519" as never)),
  rsa: pem(generateKeyPairSync("rsa", { modulusLength: 2048 }) as never),
  weak: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }) as never),
  ec: pem(generateKeyPairSync("ec", { namedCurve: "P-256" }) as never),
};
const credentials = {
  ...keys,
  shared: { secret: "key" },
  plain: { value: "key" },
  plainCipher: { value: CIPHER_KEY },
  plainKey: { value: keys.ed25519.privateKey },
  cipher: { key: CIPHER_KEY },
  short: { key: Buffer.alloc(16).toString("base64") },
  empty: {},
  broken: { privateKey: "-----BEGIN PRIVATE KEY-----\nsecret-garbage\n-----END PRIVATE KEY-----" },
};
const run = (parameters: Record<string, unknown>, input: unknown = "") =>
  testNode(crypto).parameters(parameters).input(input).credentials(credentials).run();
const outputOf = async (parameters: Record<string, unknown>, input?: unknown) => {
  const { output, error } = await run(parameters, input);
  expect(error).toBeUndefined();
  return output;
};
const isRefused = (parameters: unknown) => crypto.parameterSchema?.safeParse(parameters).success === false;

describe("crypto", () => {
  it.each([
    ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["md5", "900150983cd24fb0d6963f7d28e17f72"],
    ["sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"],
  ])("hashes with %s", async (algorithm, digest) => {
    expect(await outputOf({ operation: "hash", algorithm }, "abc")).toBe(digest);
    expect(await outputOf({ operation: "hash", algorithm, encoding: "base64" }, "abc")).toBe(
      Buffer.from(digest, "hex").toString("base64"),
    );
  });

  it("hashes bytes given in an encoding, and blobs", async () => {
    const text = Buffer.from([0xff, 0x00]);
    const expected = await outputOf({ operation: "hash", source: text.toString("base64"), sourceEncoding: "base64" });
    const blobs = memoryBlobStore();
    const { output } = await testNode(crypto)
      .parameters({ operation: "hash" })
      .input(await blobs.put(text))
      .engine({ blobs })
      .run();
    expect(output).toBe(expected);
  });

  it("makes HMACs and verifies them in constant time", async () => {
    const source = "The quick brown fox jumps over the lazy dog";
    const signature = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
    const keyed = { credential: "shared", source };
    expect(await outputOf({ operation: "hmac", ...keyed })).toBe(signature);
    const verify = (given: string, more: object = {}) =>
      outputOf({ operation: "verify", ...keyed, signature: given, ...more });
    expect(await verify(signature)).toBe(true);
    expect(await verify(signature.toUpperCase())).toBe(true);
    expect(await verify(signature.replace("f7", "f8"))).toBe(false);
    expect(await verify(signature.slice(2))).toBe(false);
    expect(await verify("not hex")).toBe(false);
    expect(await verify("")).toBe(false);
    const sha1 = createHmac("sha1", "key").update(source).digest("base64");
    expect(await verify(sha1, { algorithm: "sha1", encoding: "base64" })).toBe(true);
  });

  it("takes a credential that is a plain text for its key", async () => {
    const hmac = { operation: "hmac", source: "text" };
    expect(await outputOf({ ...hmac, credential: "plain" })).toBe(await outputOf({ ...hmac, credential: "shared" }));
    const sealed = await outputOf({ operation: "encrypt", credential: "plainCipher" }, "text");
    expect(await outputOf({ operation: "decrypt", credential: "cipher" }, sealed)).toBe("text");
    const signature = await outputOf({ operation: "sign", credential: "plainKey" }, "text");
    expect(
      await outputOf({ operation: "verify", algorithm: "ed25519", credential: "plainKey", signature }, "text"),
    ).toBe(true);
  });

  it.each([
    ["ed25519", "ed25519"],
    ["rsa-sha256", "rsa"],
    ["rsa-pss-sha256", "rsa"],
    ["ecdsa-sha256", "ec"],
  ])("signs with %s", async (algorithm, credential) => {
    const signature = await outputOf({ operation: "sign", algorithm, credential, encoding: "base64" }, "hello");
    const verify = (input: string) =>
      outputOf({ operation: "verify", algorithm, credential, signature, encoding: "base64" }, input);
    expect(await verify("hello")).toBe(true);
    expect(await verify("hello!")).toBe(false);
    expect(
      await outputOf({ operation: "verify", algorithm, credential, signature: "AAAA", encoding: "base64" }, "hello"),
    ).toBe(false);
  });

  it.each([
    ["a key of another kind", { operation: "sign", credential: "rsa" }, "credential_unusable"],
    [
      "a key that is too short",
      { operation: "sign", algorithm: "rsa-sha256", credential: "weak" },
      "credential_unusable",
    ],
    ["a key that cannot be read", { operation: "sign", credential: "broken" }, "credential_unusable"],
    ["a credential without the field", { operation: "hmac", credential: "empty" }, "credential_unusable"],
    ["a cipher key of the wrong size", { operation: "encrypt", credential: "short" }, "credential_unusable"],
    ["a credential that is not there", { operation: "hmac", credential: "nobody" }, "credential_not_found"],
  ])("fails for %s", async (_, parameters, code) => {
    const { error } = await run(parameters, "x");
    expect(error?.code).toBe(code);
    expect(JSON.stringify(error)).not.toContain("garbage");
  });

  it("encrypts and decrypts, never twice the same, bound to its context", async () => {
    const seal = () => outputOf({ operation: "encrypt", credential: "cipher", context: "customer 7" }, "päßword");
    const [first, second] = [await seal(), await seal()] as [string, string];
    expect(first).not.toBe(second);
    const open = (source: string, context = "customer 7") =>
      run({ operation: "decrypt", credential: "cipher", source, context });
    expect((await open(first)).output).toBe("päßword");
    expect((await open(first, "customer 8")).error).toMatchObject({ code: "decryption_failed" });
    for (const place of [0, 1, 20, Buffer.from(first, "base64").byteLength - 1]) {
      const changed = Buffer.from(first, "base64");
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect((await open(changed.toString("base64"))).error).toMatchObject({ code: "decryption_failed" });
    }
    expect((await open("")).error).toMatchObject({ code: "decryption_failed" });
    expect((await open("!!")).error).toMatchObject({ code: "invalid_input" });
  });

  it("makes random values and ids", async () => {
    expect(await outputOf({ operation: "random", bytes: 16 })).toMatch(/^[\da-f]{32}$/);
    expect(await outputOf({ operation: "random", encoding: "base64url" })).toMatch(/^[\w-]{43}$/);
    expect(await outputOf({ operation: "random" })).not.toBe(await outputOf({ operation: "random" }));
    expect(await outputOf({ operation: "uuid" })).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
  });

  it.each(["SHA-256", "SHA256", "sha256", "sha_256"])("takes %s for sha256", async (algorithm) => {
    expect(await runNode(crypto, { parameters: { operation: "hash", algorithm }, input: "hello" })).toBe(
      crypto.example?.output,
    );
  });

  it("encodes and decodes", async () => {
    expect(await runNode(crypto, { parameters: { operation: "encode" }, input: "hé" })).toBe("aMOp");
    expect(await runNode(crypto, { parameters: { operation: "encode", encoding: "hex" }, input: "hé" })).toBe("68c3a9");
    expect(await runNode(crypto, { parameters: { operation: "decode" }, input: "aMOp" })).toBe("hé");
    expect(
      await runNode(crypto, { parameters: { operation: "decode", encoding: "base64url" }, input: "_w" }).catch(
        () => "no text",
      ),
    ).toBe("no text");
    const twice = { operation: "encode", sourceEncoding: "hex", encoding: "base64" };
    expect(await runNode(crypto, { parameters: twice, input: "ff00" })).toBe("/wA=");
    expect(await failureOf(crypto, { parameters: { operation: "decode" }, input: "a" })).toMatchObject({
      code: "invalid_input",
    });
  });

  it("is recorded where chance has a part", () => {
    const effects = crypto.effects as (parameters: object) => string;
    expect(["random", "uuid", "encrypt"].map((operation) => effects({ operation }))).toEqual(
      Array(3).fill("idempotent"),
    );
    expect(["hash", "hmac", "sign", "verify"].map((operation) => effects({ operation }))).toEqual(
      Array(4).fill("pure"),
    );
    expect(effects({ operation: "sign", algorithm: "ecdsa-sha256" })).toBe("idempotent");
  });

  it("refuses parameters that do not go together", () => {
    expect(isRefused({ operation: "hmac" })).toBe(true);
    expect(isRefused({ operation: "verify", credential: "x" })).toBe(true);
    expect(isRefused({ operation: "sign", credential: "x", algorithm: "sha256" })).toBe(true);
    expect(isRefused({ operation: "hash", algorithm: "ed25519" })).toBe(true);
    expect(isRefused({ operation: "hash", algorithm: "md4" })).toBe(true);
    expect(isRefused({ operation: "random", bytes: 1_000_000 })).toBe(true);
  });

  it("bounds the source", async () => {
    expect((await run({ operation: "hash", maxBytes: 3 }, "abcd")).error).toMatchObject({ code: "content_too_large" });
  });
});
