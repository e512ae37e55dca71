import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { recordedStreams } from "./recorded-streams.js";
import { automatrix } from "./run-in-process.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();
const VALUE = { user: "shop", password: "s3cr3t-password" };
let count = 0;
let credentials: string;

async function newKey(): Promise<string> {
  return (await automatrix(["credentials", "generate-key"])).output.trim();
}

beforeEach(async () => {
  credentials = join(folder.path(), `credentials-${count++}.json`);
  vi.stubEnv("AUTOMATRIX_CREDENTIALS_FILE", credentials);
  vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", await newKey());
});
afterEach(() => vi.unstubAllEnvs());

const set = (name: string, value: unknown = VALUE, ...args: string[]) =>
  automatrix(
    ["credentials", "set", name, ...args],
    recordedStreams({ input: typeof value === "string" ? value : JSON.stringify(value) }),
  );

describe("automatrix credentials", () => {
  it.each([["set"], ["list"], ["delete"], ["rotate"], ["generate-key"]])("%s has help with examples", async (name) => {
    const { exitCode, output } = await automatrix(["credentials", name, "--help"]);
    expect(exitCode).toBe(0);
    expect(output).toContain("Examples:");
  });

  it("prints a new key each time", async () => {
    const key = await newKey();
    expect(Buffer.from(key, "base64").length).toBe(32);
    expect(await newKey()).not.toBe(key);
  });

  it("stores, lists and deletes, and shows no value", async () => {
    expect(await set("mailer")).toMatchObject({ exitCode: 0, output: expect.stringContaining('"mailer" is stored') });
    expect((await set("mailer", VALUE, "--tenant", "north")).exitCode).toBe(0);
    const listed = await automatrix(["credentials", "list"]);
    expect(
      listed.output
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s{2,}/)),
    ).toEqual([
      ["NAME", "TENANT", "KEY"],
      ["mailer", "(all)", "first"],
      ["mailer", "north", "first"],
    ]);
    const { output } = await automatrix(["credentials", "list", "--json"]);
    expect(JSON.parse(output)).toMatchObject({
      file: credentials,
      credentials: [{ name: "mailer" }, { tenant: "north" }],
    });
    expect(listed.output + output + readFileSync(credentials, "utf8")).not.toMatch(/s3cr3t/);
    expect((await automatrix(["credentials", "delete", "mailer", "--tenant", "north"])).exitCode).toBe(0);
    const again = await automatrix(["credentials", "delete", "mailer", "--tenant", "north"]);
    expect(again).toMatchObject({ exitCode: 1, errors: expect.stringContaining("is not in") });
  });

  it("takes the value from a file, and the file from an option", async () => {
    const value = folder.file("value.json", VALUE);
    const other = join(folder.path(), "other.json");
    const { exitCode } = await automatrix(["credentials", "set", "a", "--value-file", value, "--file", other]);
    expect(exitCode).toBe(0);
    expect((await automatrix(["credentials", "list", "--file", other])).output).toContain("a ");
    expect((await automatrix(["credentials", "list"])).errors).toContain("There is no credential");
  });

  it.each([
    ["no JSON", '{"password": s3cr3t-password}', /standard input:1:14: not valid JSON/],
    ["a text", '"s3cr3t-password"', /JSON object/],
    ["a list", '["s3cr3t-password"]', /JSON object/],
    ["nothing", "", /not valid JSON/],
    ["an empty object", "{}", /must be an object/],
    ["very much", `{"a":"${"s3cr3t".repeat(200_000)}"}`, /larger than 1 MiB/],
  ])("refuses %s as a value, without quoting it", async (_what, input, message) => {
    const { exitCode, output, errors } = await set("a", input);
    expect(exitCode).toBe(2);
    expect(errors).toMatch(message);
    expect(output + errors).not.toMatch(/s3cr3t/);
  });

  it("does not let a person type a value that others could read", async () => {
    const terminal = { ...recordedStreams(), inputIsTerminal: true };
    expect(await automatrix(["credentials", "set", "a"], terminal)).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining("--value-file"),
    });
  });

  it("says that there is no file, no key, or a key that is none", async () => {
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", "hunter2hunter2");
    const bad = await automatrix(["credentials", "list"]);
    expect(bad).toMatchObject({ exitCode: 2, errors: expect.stringContaining("generate-key") });
    expect(bad.errors).not.toContain("hunter2");
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", "");
    const none = await automatrix(["credentials", "list"]);
    expect(none).toMatchObject({ exitCode: 2, errors: expect.stringContaining("AUTOMATRIX_CREDENTIALS_KEY") });
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_FILE", "");
    expect((await automatrix(["credentials", "list"])).errors).toContain("--file");
  });

  it("changes the key, and says when one is wrong", async () => {
    const [old, next] = [process.env["AUTOMATRIX_CREDENTIALS_KEY"], await newKey()];
    await set("a");
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", next);
    expect(await set("b")).toMatchObject({ exitCode: 1, errors: expect.stringContaining("add that key") });
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", `${next}, ${old}`);
    expect((await automatrix(["credentials", "list"])).output).toContain("other (");
    expect((await automatrix(["credentials", "rotate"])).output).toContain("1 of 1 credentials");
    vi.stubEnv("AUTOMATRIX_CREDENTIALS_KEY", next);
    expect((await set("b")).exitCode).toBe(0);
  });

  it("says that the file is damaged, and leaves it", async () => {
    writeFileSync(credentials, '{"format":');
    expect(await set("a")).toMatchObject({ exitCode: 1, errors: expect.stringContaining("backup") });
    expect(readFileSync(credentials, "utf8")).toBe('{"format":');
  });

  it("gives the nodes of a run what the file holds, and hides it in the result", async () => {
    await set("mailer");
    const nodes = fileURLToPath(new URL("./credentials-node.mjs", import.meta.url));
    const workflow = folder.file("reads.json", { nodes: [{ id: "a", type: "reader" }] });
    const { exitCode, output, errors } = await automatrix(
      ["run", workflow, "--nodes", nodes, "--storage", "memory:", "--json"],
      recordedStreams(),
    );
    expect(errors).not.toMatch(/s3cr3t/);
    expect(exitCode).toBe(0);
    expect(JSON.parse(output).output).toEqual({ length: VALUE.password.length, password: "***" });
  });
});
