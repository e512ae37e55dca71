import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordedStreams } from "../../test/recorded-streams.js";
import { readDefinitionFile } from "./read-definition-file.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "automatrix-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(name: string, content: string | Uint8Array): Promise<unknown> {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readDefinitionFile(file, recordedStreams());
}

describe("readDefinitionFile", () => {
  it("reads JSON, with a byte order mark if need be", async () => {
    expect(await read("bom.json", '\uFEFF{"nodes":[]}')).toEqual({ nodes: [] });
  });

  it("reads YAML", async () => {
    expect(await read("a.yaml", "name: x\nnodes:\n  - { id: a, type: end }\n")).toEqual({
      name: "x",
      nodes: [{ id: "a", type: "end" }],
    });
  });

  it("tells JSON from YAML by content on standard input", async () => {
    expect(await readDefinitionFile("-", recordedStreams({ input: '\n{"nodes":[]}' }))).toEqual({ nodes: [] });
    expect(await readDefinitionFile("-", recordedStreams({ input: "nodes: []" }))).toEqual({ nodes: [] });
  });

  it("names line and column of a mistake in JSON", async () => {
    await expect(read("bad.json", '{\n  "nodes": [\n    {"id": }\n  ]\n}')).rejects.toThrow(
      /bad\.json:3:12: .*a value/,
    );
  });

  it("names line and column of a mistake in YAML", async () => {
    await expect(read("bad.yaml", "nodes:\n  - id: a\n   type: end\n")).rejects.toThrow(
      /bad\.yaml:[23]:\d+: not valid YAML/,
    );
  });

  it.each([
    ["a duplicate key", "a: 1\na: 2\n", /unique/],
    ["a custom tag", "a: !shell ls\n", /tag/i],
    ["several documents", "a: 1\n---\nb: 2\n", /document/i],
    ["an anchor that contains itself", "a: &x [*x]\n", /contains itself|alias/i],
    ["deep nesting", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`, /nested too deeply/],
    ["an alias bomb", aliasBomb(), /too many aliases/],
  ])("refuses YAML with %s", async (_what, text, message) => {
    await expect(read("refused.yaml", text)).rejects.toThrow(message);
  });

  it("never touches the prototype of objects", async () => {
    const read_ = (await read("proto.yaml", "__proto__: { polluted: true }\n")) as object;
    expect(Object.hasOwn(read_, "__proto__")).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("refuses what is missing, a folder, empty, too large or no text", async () => {
    await expect(readDefinitionFile(join(folder, "none.json"), recordedStreams())).rejects.toThrow(/does not exist/);
    await expect(readDefinitionFile(folder, recordedStreams())).rejects.toThrow(/folder/);
    await expect(read("empty.json", " \n")).rejects.toThrow(/empty/);
    await expect(read("large.json", new Uint8Array(10 * 1024 * 1024 + 1).fill(32))).rejects.toThrow(/10 MiB/);
    await expect(read("binary.json", Uint8Array.of(0xff, 0xfe, 0x00))).rejects.toThrow(/UTF-8/);
  });
});

function aliasBomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 10; level += 1) {
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  }
  return lines.join("\n");
}
