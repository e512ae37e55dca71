import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlobReference, NodeType } from "@automatrix/core";
import { memoryBlobStore } from "@automatrix/core/memory";
import { testNode } from "@automatrix/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presignUrl } from "./presign-url.js";
import { createS3Nodes } from "./s3-object.js";

const KEYS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
const folder = mkdtempSync(join(tmpdir(), "automatrix-s3-"));
let close = async () => {};
let endpoint = "";

beforeAll(async () => {
  // Its one export is a class of plain JavaScript.
  const S3rver = createRequire(import.meta.url)("s3rver") as new (
    options: object,
  ) => {
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  };
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: "files" }, { name: "others" }],
  });
  const { port } = await server.run();
  endpoint = `http://127.0.0.1:${port}`;
  close = () => server.close();
});
afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

function run(nodes: readonly NodeType[], parameters: Readonly<Record<string, unknown>>, blobs = memoryBlobStore()) {
  return testNode(nodes[0] as NodeType)
    .engine({ http: fetch, blobs })
    .parameters({ connection: "store", ...parameters })
    .run();
}

describe("s3_object", () => {
  const open = (more = {}, options = {}) =>
    createS3Nodes({ connections: { store: { ...KEYS, endpoint, bucket: "files", ...more } }, ...options });

  it("puts, looks at, gets, lists and deletes objects", async () => {
    const nodes = open();
    const key = "a b/ü+!'()*.json";
    const put = await run(nodes, { operation: "put", key, content: { n: 1 }, metadata: { origin: "test" } });
    expect(put.error).toBeUndefined();
    expect(put.output).toMatchObject({ key, bytes: 7, etag: expect.any(String) });
    const head = await run(nodes, { operation: "head", key });
    expect(head.output).toMatchObject({
      exists: true,
      bytes: 7,
      contentType: "application/json",
      metadata: { origin: "test" },
    });
    expect((await run(nodes, { key, format: "json" })).output).toMatchObject({ content: { n: 1 }, bytes: 7 });
    expect((await run(nodes, { key })).output).toMatchObject({ content: '{"n":1}' });
    const listed = await run(nodes, { operation: "list", prefix: "a b/" });
    expect(listed.output).toMatchObject({ objects: [{ key, bytes: 7 }], truncated: false, cursor: null });
    expect((await run(nodes, { operation: "delete", key })).output).toEqual({ key, deleted: true });
    expect((await run(nodes, { operation: "delete", key })).output).toEqual({ key, deleted: true });
    expect((await run(nodes, { operation: "head", key })).output).toEqual({ key, exists: false });
    expect((await run(nodes, { key })).error).toMatchObject({ code: "object_not_found" });
  });

  it("lists page by page, below its prefix", async () => {
    const asked: URL[] = [];
    const server = await serve((request) => {
      asked.push(new URL(request.url as string, "http://store"));
      const isLast = asked.length > 1;
      return `<ListBucketResult><IsTruncated>${!isLast}</IsTruncated>${isLast ? "" : "<NextContinuationToken>to+ken/=</NextContinuationToken>"}
        <Contents><Key>pages/${asked.length}</Key><Size>1</Size><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag></Contents></ListBucketResult>`;
    });
    const nodes = open({ endpoint: server.endpoint, keyPrefix: "pages/" });
    const first = (await run(nodes, { operation: "list", limit: 1 })).output as { cursor: string };
    expect(first).toEqual({
      objects: [{ key: "1", bytes: 1, etag: '"x"', modifiedAt: "2025-01-01T00:00:00.000Z" }],
      truncated: true,
      cursor: "to+ken/=",
    });
    const second = await run(nodes, { operation: "list", limit: 1, cursor: first.cursor });
    expect(second.output).toMatchObject({ objects: [{ key: "2" }], truncated: false, cursor: null });
    expect(asked.map(({ searchParams }) => searchParams.get("continuation-token"))).toEqual([null, "to+ken/="]);
    expect(asked[0]?.searchParams.get("prefix")).toBe("pages/");
    await server.close();
  });

  it("sends what it signed, of every key", async () => {
    const problems: string[] = [];
    const server = await serve((request) => {
      if (!hasValidSignature(request, KEYS.secretAccessKey)) problems.push(`${request.method} ${request.url}`);
      return "<ListBucketResult></ListBucketResult>";
    });
    const nodes = open({ endpoint: server.endpoint });
    for (const key of [
      "plain",
      "a b/c+d",
      "ü/😀",
      "100%",
      "!'()*~",
      "a=b&c?d#e",
      "x//y",
      "/lead",
      "%2e%2e/x",
      "a:b@c",
    ]) {
      for (const operation of ["put", "get", "head", "delete"]) await run(nodes, { operation, key, content: "x" });
      await run(nodes, { operation: "list", prefix: key });
    }
    expect(problems).toEqual([]);
    await server.close();
  });

  it("carries blobs in both directions", async () => {
    const nodes = open();
    const blobs = memoryBlobStore();
    const bytes = Buffer.alloc(3_000_000, "x");
    const reference = await blobs.put(bytes, { contentType: "image/png" });
    const put = await run(nodes, { operation: "put", key: "big", content: reference }, blobs);
    expect(put.output).toMatchObject({ bytes: 3_000_000 });
    const { output } = await run(nodes, { key: "big", format: "blob" }, blobs);
    const { content } = output as { content: BlobReference };
    expect(content).toMatchObject({ bytes: 3_000_000, contentType: "image/png" });
    expect(Buffer.compare(await blobs.get(content), bytes)).toBe(0);
  });

  it("bounds what it reads and writes", async () => {
    await run(open(), { operation: "put", key: "large", content: "x".repeat(10_000) });
    const small = open({}, { maxBytes: 5_000, maxInlineBytes: 1_000 });
    for (const format of ["text", "blob"]) {
      expect((await run(small, { key: "large", format })).error?.code).toBe("content_too_large");
    }
    const put = await run(small, { operation: "put", key: "large", content: "x".repeat(5_001) });
    expect(put.error?.code).toBe("content_too_large");
  });

  it("stays with its bucket and prefix", async () => {
    const tied = open({ keyPrefix: "mine/" });
    for (const key of ["../secret", "a/../../secret", "a/./b", "..", "a\u0000b", "x".repeat(1_024)]) {
      expect((await run(tied, { operation: "put", key, content: "x" })).error?.code, key).toBe("path_refused");
    }
    expect((await run(tied, { key: "x", bucket: "others" })).error?.code).toBe("path_refused");
    for (const bucket of ["../others", "a/b", "A", "..", "x?y"]) {
      const free = open({ allowOtherBuckets: true });
      expect((await run(free, { key: "x", bucket })).error?.code, bucket).toBe("path_refused");
    }
    expect(
      (await run(open({ allowOtherBuckets: true }), { operation: "put", key: "x", content: "1", bucket: "others" }))
        .error,
    ).toBeUndefined();
    expect((await run(tied, { operation: "put", key: "%2e%2e/x", content: "1" })).error).toBeUndefined();
    expect((await run(open(), { operation: "list", prefix: "mine/" })).output).toMatchObject({
      objects: [{ key: "mine/%2e%2e/x" }],
    });
  });

  it("makes addresses that hold for a while, as Amazon signs them", async () => {
    // The worked example of Amazon's documentation.
    const connection = {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      region: "us-east-1",
      endpoint: "https://s3.amazonaws.com",
      sessionToken: undefined,
      forcePathStyle: false,
      bucket: undefined,
      allowOtherBuckets: true,
      keyPrefix: "",
    };
    const place = { connection, bucket: "examplebucket", prefix: "", isOperators: true };
    const now = Date.UTC(2013, 4, 24);
    const url = presignUrl({ place, key: "test.txt", method: "GET", expiresInSeconds: 86_400, now });
    expect(new URL(url).host).toBe("examplebucket.s3.amazonaws.com");
    expect(new URL(url).searchParams.get("X-Amz-Signature")).toBe(
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
    const { output } = await run(open(), { operation: "presign", key: "a b", method: "PUT", expiresInSeconds: 60 });
    expect(output).toMatchObject({ method: "PUT", expiresAt: "2025-01-01T00:01:00.000Z" });
    expect((output as { url: string }).url).toContain("/files/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256");
  });

  it("takes a credential, which also says where the store is", async () => {
    const [node] = createS3Nodes();
    const builder = testNode(node as NodeType).engine({ http: fetch });
    const credential = { ...KEYS, endpoint, bucket: "files" };
    const listed = await builder.credentials({ s3: credential }).parameters({ operation: "list" }).run();
    expect(listed.output).toMatchObject({ truncated: false });
    const presigned = await builder
      .credentials({ s3: credential })
      .parameters({ operation: "presign", key: "x" })
      .run();
    expect(presigned.error?.code).toBe("not_configured");
    expect((await builder.parameters({ key: "x" }).run()).error?.code).toBe("not_configured");
    const half = await builder
      .credentials({ s3: { accessKeyId: "only" } })
      .parameters({ key: "x" })
      .run();
    expect(half.error?.code).toBe("credential_unusable");
  });

  it("tells refusals apart from what may pass, and repeats no secret", async () => {
    const wrong = open({ accessKeyId: "NOBODY", secretAccessKey: "wrong-secret-key" });
    const refused = await run(wrong, { operation: "list" });
    expect(refused.error).toMatchObject({ code: "credential_unusable" });
    const answers = [
      [503, "<Error><Code>SlowDown</Code><Message>slow</Message></Error>", "service_unavailable"],
      [403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "service_refused"],
      [500, "not xml", "service_unavailable"],
    ] as const;
    for (const [status, body, code] of answers) {
      const server = await serve(() => body, status);
      const nodes = createS3Nodes({ connections: { store: { ...KEYS, endpoint: server.endpoint, bucket: "files" } } });
      expect((await run(nodes, { key: "x" })).error?.code, body).toBe(code);
      await server.close();
    }
    const nobody = createS3Nodes({
      connections: { store: { ...KEYS, endpoint: "http://127.0.0.1:1", bucket: "files" } },
    });
    const unreachable = await run(nobody, { key: "x" });
    expect(unreachable.status).toBe("failed");
    expect(JSON.stringify([refused.error, unreachable.error])).not.toMatch(/wrong-secret-key|S3RVER/);
  });
});

type Answer = (request: IncomingMessage) => string;

async function serve(answer: Answer, status = 200): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end(answer(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const closed = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { endpoint: `http://127.0.0.1:${port}`, close: closed };
}

/** Checks a request's AWS Signature Version 4 against what arrived. */
function hasValidSignature({ method, url = "", headers }: IncomingMessage, secret: string): boolean {
  const [, scope = "", names = "", signature] =
    /Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(headers.authorization ?? "") ?? [];
  const [path, query = ""] = url.split("?");
  const signed = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const sorted =
    query === ""
      ? ""
      : query
          .split("&")
          .map((part) => (part.includes("=") ? part : `${part}=`))
          .sort()
          .join("&");
  const request = [method, path, sorted, signed.join(""), names, headers["x-amz-content-sha256"]].join("\n");
  const digest = createHash("sha256").update(request).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest].join("\n");
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  return createHmac("sha256", key).update(toSign).digest("hex") === signature;
}
