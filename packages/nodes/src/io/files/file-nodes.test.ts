import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlobReference, NodeType } from "@automatrix/core";
import { memoryBlobStore } from "@automatrix/core/memory";
import { testEngine, testNode } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFileNodes } from "./file-nodes.js";

let folder = "";
let root = "";
let nodes: readonly NodeType[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "automatrix-files-"));
  root = join(folder, "root");
  mkdirSync(root);
  writeFileSync(join(folder, "secret.txt"), "secret");
  nodes = createFileNodes({ root });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Parameters = Readonly<Record<string, unknown>>;
const read = (path: string, more: Parameters = {}, from = nodes) =>
  testNode(from[0] as NodeType)
    .parameters({ path, ...more })
    .run();
const write = (path: string, content: unknown, more: Parameters = {}, to = nodes) =>
  testNode(to[1] as NodeType)
    .input({ content })
    .parameters({ path, content: "{{input.content}}", ...more })
    .run();

describe("file_read and file_write", () => {
  it("write and read text, JSON and base64, and make folders", async () => {
    expect((await write("a/b/text.txt", "grüß\n")).output).toEqual({ path: "a/b/text.txt", bytes: 7, created: true });
    expect((await read("a/b/text.txt")).output).toMatchObject({ content: "grüß\n", bytes: 7, path: "a/b/text.txt" });
    await write("data.json", { list: [1, null] });
    expect((await read("data.json", { format: "json" })).output).toMatchObject({ content: { list: [1, null] } });
    await write("bytes", "AP8=", { format: "base64" });
    expect((await read("bytes", { format: "base64" })).output).toMatchObject({ content: "AP8=", bytes: 2 });
    expect(readFileSync(join(root, "bytes"))).toEqual(Buffer.from([0, 255]));
    expect(statSync(join(root, "bytes")).mode & 0o777 & ~0o640).toBe(0);
  });

  it("carry blobs in both directions", async () => {
    const blobs = memoryBlobStore();
    const content = Buffer.alloc(1_000_000, "x");
    const reference = await blobs.put(content);
    const [reading, writing] = nodes as [NodeType, NodeType];
    const written = await testNode(writing).engine({ blobs }).parameters({ path: "big", content: reference }).run();
    expect(written.output).toMatchObject({ bytes: 1_000_000 });
    const { output } = await testNode(reading)
      .engine({ blobs })
      .parameters({ path: "big", format: "blob", contentType: "text/plain" })
      .run();
    const { content: copy } = output as { content: BlobReference };
    expect(copy).toMatchObject({ bytes: 1_000_000, contentType: "text/plain" });
    expect(Buffer.compare(await blobs.get(copy), content)).toBe(0);
    const gone = { $blob: "memory:none", bytes: 1, contentType: "a/b" };
    expect((await write("x", gone)).error?.code).toBe("blob_not_found");
  });

  it("make a new file once, and take their own earlier try for done", async () => {
    const text = { mode: "create" };
    expect((await write("new", "one", text)).output).toMatchObject({ created: true });
    expect((await write("new", "one", text)).output).toMatchObject({ created: false });
    expect((await write("new", "two", text)).error?.code).toBe("file_exists");
    expect(readFileSync(join(root, "new"), "utf8")).toBe("one");
    expect((await write("new", "two")).output).toMatchObject({ created: false });
    expect(readFileSync(join(root, "new"), "utf8")).toBe("two");
  });

  it("let one of many writers make a new file, and never show half a file", async () => {
    const runs = Array.from({ length: 8 }, (_, index) =>
      write("race", String(index).repeat(100_000), { mode: "create" }),
    );
    const results = await Promise.all(runs);
    expect(results.filter(({ status }) => status === "completed")).toHaveLength(1);
    const text = readFileSync(join(root, "race"), "utf8");
    expect(text).toBe((text[0] as string).repeat(100_000));
    expect(readdirSync(root)).toEqual(["race"]);
  });

  it("append", async () => {
    await write("log", "a\n", { mode: "append" });
    await write("log", "b\n", { mode: "append" });
    expect(readFileSync(join(root, "log"), "utf8")).toBe("a\nb\n");
    // A refusal is known to have written nothing, so that nobody is asked about it.
    symlinkSync(join(folder, "secret.txt"), join(root, "link"));
    const refused = await write("link", "x", { mode: "append" });
    expect(refused).toMatchObject({ status: "failed", error: { code: "path_refused" } });
    expect(readFileSync(join(folder, "secret.txt"), "utf8")).toBe("secret");
  });

  it.each(["../secret.txt", "/etc/passwd", "a/../../secret.txt", "..\\secret.txt", "a\u0000b", "~/x", "C:/x"])(
    "refuse or confine %j",
    async (path) => {
      expect((await write(path, "x")).error?.code ?? "confined").toMatch(/^(path_refused|confined)$/);
      expect(readFileSync(join(folder, "secret.txt"), "utf8")).toBe("secret");
      expect(readdirSync(folder).sort()).toEqual(["root", "secret.txt"]);
    },
  );

  it("follow no symbolic link below the root", async () => {
    symlinkSync(folder, join(root, "up"));
    symlinkSync(join(folder, "secret.txt"), join(root, "file"));
    mkdirSync(join(root, "inside"));
    symlinkSync("inside", join(root, "within"));
    for (const path of ["up/secret.txt", "file", "within/x"]) {
      expect((await read(path)).error?.code).toBe("path_refused");
      expect((await write(path, "x")).error?.code).toBe("path_refused");
      expect((await write(path, "x", { mode: "create" })).error?.code).toBe("path_refused");
    }
    expect(readFileSync(join(folder, "secret.txt"), "utf8")).toBe("secret");
  });

  it("stay inside while a folder is being replaced by a symbolic link", async () => {
    const outside = join(folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "secret");
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d", "file"), "inside");
    symlinkSync(outside, join(root, "link"));
    let isRacing = true;
    const race = (async () => {
      while (isRacing) {
        renameSync(join(root, "d"), join(root, "real"));
        renameSync(join(root, "link"), join(root, "d"));
        await new Promise((next) => setImmediate(next));
        renameSync(join(root, "d"), join(root, "link"));
        renameSync(join(root, "real"), join(root, "d"));
        await new Promise((next) => setImmediate(next));
      }
    })();
    for (let round = 0; round < 60; round++) {
      const { output } = await read("d/file");
      if (output !== null) expect((output as { content: string }).content).not.toBe("secret");
      await write("d/new", "x", { makeFolders: false });
      await write("d/log", "x", { mode: "append", makeFolders: false });
    }
    isRacing = false;
    await race;
    expect(readdirSync(outside)).toEqual(["file"]);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("secret");
  });

  it("touch nothing but plain files", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    mkdirSync(join(root, "folder"));
    for (const path of ["pipe", "folder"]) {
      expect((await read(path)).error?.code).toBe("path_refused");
      for (const mode of ["create", "overwrite", "append"]) {
        expect((await write(path, "x", { mode })).error?.code, `${path} ${mode}`).toBe("path_refused");
      }
    }
    expect((await read("folder/x/y")).error?.code).toBe("file_not_found");
    await write("plain", "x");
    expect((await read("plain/x")).error?.code).toBe("path_refused");
  });

  it("bound what they read and write", async () => {
    const small = createFileNodes({ root, maxBytes: 1_000, maxInlineBytes: 100 });
    await write("fits", "x".repeat(1_000), {}, small);
    expect((await write("large", "x".repeat(1_001), {}, small)).error?.code).toBe("content_too_large");
    expect((await read("fits", {}, small)).error).toMatchObject({ code: "content_too_large", message: /blob/ });
    expect((await read("fits", { format: "blob" }, small)).output).toMatchObject({ bytes: 1_000 });
    expect((await write("fits", "x", { mode: "append" }, small)).error?.code).toBe("content_too_large");
    writeFileSync(join(root, "sparse"), "");
    truncateSync(join(root, "sparse"), 2 ** 40);
    expect((await read("sparse", { format: "blob" })).error?.code).toBe("content_too_large");
    const lying = { $blob: "memory:x", bytes: 2_000, contentType: "a/b" };
    expect((await write("large", lying, {}, small)).error?.code).toBe("content_too_large");
    expect(readdirSync(root).sort()).toEqual(["fits", "sparse"]);
  });

  it("say what is wrong with a content", async () => {
    writeFileSync(join(root, "binary"), Buffer.from([0xff, 0xfe]));
    expect((await read("binary")).error).toMatchObject({ code: "parse_failed" });
    expect((await read("binary", { format: "json" })).error?.code).toBe("parse_failed");
    writeFileSync(join(root, "text"), "{");
    expect((await read("text", { format: "json" })).error?.code).toBe("parse_failed");
    expect((await write("x", "%%%", { format: "base64" })).error?.code).toBe("invalid_parameters");
    expect((await write("x", { a: 1 }, { format: "text" })).error?.code).toBe("invalid_parameters");
    expect((await read("missing")).error?.code).toBe("file_not_found");
    expect((await write("no/folder", "x", { makeFolders: false })).error?.code).toBe("file_not_found");
    expect(existsSync(join(root, "no"))).toBe(false);
  });

  it("keep tenants apart", async () => {
    const tenants = createFileNodes({ root, folderPerTenant: true });
    await using engine = await testEngine({ nodes: tenants });
    for (const tenant of ["..", ".", "a/../b", "acme", undefined]) {
      const definition = { nodes: [{ id: "node", type: "file_write", data: { path: "x", content: String(tenant) } }] };
      const handle = await engine.execute(definition, tenant === undefined ? {} : { tenant });
      expect((await handle.result()).status).toBe("completed");
    }
    expect(readdirSync(root).sort()).toEqual(["%2E", "%2E.", "%none", "a%2F..%2Fb", "acme"]);
    expect(readFileSync(join(root, "%2E.", "x"), "utf8")).toBe("..");
  });

  it("need a folder that the operator names, and leave nothing open", async () => {
    const before = readdirSync("/proc/self/fd").length;
    expect((await read("x", {}, createFileNodes())).error).toMatchObject({ code: "not_configured", message: /root/ });
    const gone = createFileNodes({ root: join(folder, "gone") });
    const { error } = await read("x", {}, gone);
    expect(error?.code).toBe("not_configured");
    expect(JSON.stringify(error)).not.toContain(folder);
    await write("a/b/c", "x");
    await read("a/b/c");
    await read("a/none/c");
    unlinkSync(join(root, "a/b/c"));
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 1);
  });
});
