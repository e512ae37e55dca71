import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { memoryBlobStore } from "@automatrix/core/memory";
import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { compress } from "./compress.js";

const run = (parameters: Record<string, unknown>, input: unknown) => runNode(compress, { parameters, input });
const fail = (parameters: Record<string, unknown>, input: unknown) => failureOf(compress, { parameters, input });
const ALGORITHMS = ["gzip", "deflate", "brotli"] as const;
const COMPRESS = { gzip: gzipSync, deflate: deflateSync, brotli: brotliCompressSync };

describe.each(ALGORITHMS)("compress with %s", (algorithm) => {
  it("gives back what it was given", async () => {
    for (const text of ["", "hé".repeat(10_000)]) {
      const compressed = (await run({ algorithm }, text)) as string;
      expect(compressed.length).toBeLessThan(1_000);
      expect(await run({ algorithm, operation: "decompress" }, compressed)).toBe(text);
    }
  });

  it("is the same every time", async () => {
    expect(await run({ algorithm }, "hello")).toBe(await run({ algorithm }, "hello"));
  });

  it("stops what explodes", async () => {
    const bomb = COMPRESS[algorithm](Buffer.alloc(17 * 1024 * 1024)).toString("base64");
    expect(await fail({ algorithm, operation: "decompress" }, bomb)).toMatchObject({
      code: "content_too_large",
      details: { maxOutputBytes: 16 * 1024 * 1024 },
    });
  });

  it.each([
    ["garbage", Buffer.from("hello world").toString("base64")],
    ["nothing", ""],
  ])("refuses %s", async (_, source) => {
    expect(await fail({ algorithm, operation: "decompress" }, source)).toMatchObject({ code: "parse_failed" });
  });

  it("refuses what is cut off or changed", async () => {
    const whole = COMPRESS[algorithm](Buffer.from("hello world, hello world"));
    const cut = whole.subarray(0, whole.byteLength - 3).toString("base64");
    expect(await fail({ algorithm, operation: "decompress" }, cut)).toMatchObject({ code: "parse_failed" });
  });
});

describe("compress", () => {
  it("takes and gives blobs", async () => {
    const blobs = memoryBlobStore();
    const test = testNode(compress).engine({ blobs });
    const packed = await test
      .parameters({ output: "blob" })
      .input(await blobs.put(Buffer.from([0xff, 0])))
      .run();
    expect(packed.output).toMatchObject({ contentType: "application/gzip" });
    const unpacked = await test.parameters({ operation: "decompress", output: "base64" }).input(packed.output).run();
    expect(unpacked.output).toBe("/wA=");
    const asText = await test.parameters({ operation: "decompress" }).input(packed.output).run();
    expect(asText.error).toMatchObject({ code: "parse_failed" });
  });

  it("takes base64 and text either way", async () => {
    expect(await run({ sourceEncoding: "base64" }, Buffer.from("hello").toString("base64"))).toBe(
      await run({}, "hello"),
    );
    expect(await fail({ operation: "decompress" }, "not base64!")).toMatchObject({ code: "invalid_input" });
  });

  it("bounds the source, and knows no text that is compressed", async () => {
    expect(await fail({ maxBytes: 3 }, "hello")).toMatchObject({ code: "content_too_large" });
    expect(compress.parameterSchema?.safeParse({ output: "text" }).success).toBe(false);
    const effects = compress.effects as (parameters: object) => string;
    expect([effects({}), effects({ output: "blob" })]).toEqual(["pure", "idempotent"]);
  });
});
