import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encryptedFileSecrets, generateCredentialsKey } from "../src/index.js";
import { runInChild } from "./support/run-in-child.js";

const KEY = generateCredentialsKey();
const OTHER_KEY = generateCredentialsKey();
const SHARED = { tenant: null };
/** No process has so high a number. */
const DEAD_PID = 2 ** 30;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "automatrix-credentials-"));
  file = join(folder, "credentials.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (...keys: string[]) => encryptedFileSecrets({ file, keys: keys.length === 0 ? [KEY] : keys });
const text = () => readFileSync(file, "utf8");

interface Stored {
  readonly salt: string;
  readonly credentials: Record<string, string | null>[];
}
function tamper(change: (stored: Stored) => unknown): void {
  const stored = JSON.parse(text()) as Stored;
  writeFileSync(file, JSON.stringify(change(stored) ?? stored));
}
function put(record: Record<string, string | null> | undefined, fields: Record<string, string | null>): void {
  if (record !== undefined) Object.assign(record, fields);
}
/** Another letter of base64 in the middle. */
function flipped(base64: string | null | undefined): string {
  const letters = [...String(base64)];
  letters[4] = letters[4] === "A" ? "B" : "A";
  return letters.join("");
}

describe("a file of encrypted credentials", () => {
  it("gives back what was stored, to another process too", async () => {
    const value = { user: "shop", password: "s3cr3t-pässword", port: 587, nested: { list: [1, "two", null, true] } };
    await open().set("mailer", value);
    expect(await open().get("mailer", SHARED)).toEqual(value);
    expect(await open().get("other", SHARED)).toBeUndefined();
  });

  it("holds names, and no value in the clear", async () => {
    await open().set("mailer", { password: "s3cr3t-password" });
    expect(text()).toContain("mailer");
    expect(text()).not.toMatch(/s3cr3t|password/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("is empty while there is no file, and is not created by reading", async () => {
    expect(await open().get("mailer", SHARED)).toBeUndefined();
    expect(await open().list()).toEqual([]);
    expect(await open().delete("mailer")).toBe(false);
    expect(await open().rotate()).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("gives a tenant its own credential, else the one that all share", async () => {
    const secrets = open();
    await secrets.set("mailer", { of: "everybody" });
    await secrets.set("mailer", { of: "north" }, { tenant: "north" });
    await secrets.set("printer", { of: "north" }, { tenant: "north" });
    expect(await secrets.get("mailer", { tenant: "north" })).toEqual({ of: "north" });
    expect(await secrets.get("mailer", { tenant: "south" })).toEqual({ of: "everybody" });
    expect(await secrets.get("mailer", SHARED)).toEqual({ of: "everybody" });
    expect(await secrets.get("printer", { tenant: "south" })).toBeUndefined();
    expect(await secrets.get("printer", SHARED)).toBeUndefined();
    expect(await secrets.delete("mailer", { tenant: "north" })).toBe(true);
    expect(await secrets.get("mailer", { tenant: "north" })).toEqual({ of: "everybody" });
  });

  it("lists names and tenants in order, without values", async () => {
    const secrets = open();
    await secrets.set("b", { v: "x" });
    await secrets.set("a", { v: "x" });
    await secrets.set("a", { v: "x" }, { tenant: "north" });
    expect((await secrets.list()).map(({ name, tenant, isCurrent }) => [tenant, name, isCurrent])).toEqual([
      [null, "a", true],
      [null, "b", true],
      ["north", "a", true],
    ]);
    expect(JSON.stringify(await secrets.list())).not.toContain('"x"');
  });

  it("sees what another one wrote", async () => {
    const [one, two] = [open(), open()];
    await one.set("a", { v: "first" });
    expect(await two.get("a", SHARED)).toEqual({ v: "first" });
    await one.set("a", { v: "other" });
    expect(await two.get("a", SHARED)).toEqual({ v: "other" });
  });

  it.each([
    ["__proto__", "prototype"],
    ["constructor", "toString"],
    ["../../etc/passwd", "a/b\\c"],
    ['","tenant":null', '["x"]'],
    ["名前 🔑 é", "ﬁ ﷺ"],
    [" ", "."],
  ])("takes the name %j for what it is", async (name, tenant) => {
    const secrets = open();
    await secrets.set(name, { v: "shared" });
    await secrets.set(name, { v: "own" }, { tenant });
    expect(await open().get(name, SHARED)).toEqual({ v: "shared" });
    expect(await open().get(name, { tenant })).toEqual({ v: "own" });
    expect(await open().get(tenant, SHARED)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["credentials.json"]);
    expect(({} as { v?: unknown }).v).toBeUndefined();
  });

  it.each([
    ["empty", ""],
    ["of 1 MB", "x".repeat(1_000_000)],
    ["with a line break", "a\nb"],
    ["with half a surrogate pair", "a\ud800"],
    ["that is no text", 7],
  ])("refuses a name %s", async (_what, name) => {
    const secrets = open();
    await expect(secrets.set(name as string, { v: "x" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(secrets.set("a", { v: "x" }, { tenant: name as string })).rejects.toMatchObject({
      code: "invalid_input",
    });
    expect(await secrets.get(name as string, SHARED)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["a text", "secret-text"],
    ["a list", ["secret-text"]],
    ["null", null],
    ["an empty object", {}],
    ["a function", { run: () => "secret-text" }],
    ["something cyclic", Object.assign({ v: "secret-text" }, { self: {} as object })],
  ])("refuses %s as a value, without quoting it", async (what, value) => {
    if (what === "something cyclic") (value as { self: object }).self = value as object;
    const refused = open().set("a", value as never);
    await expect(refused).rejects.toMatchObject({ code: "invalid_input" });
    await expect(refused).rejects.not.toThrow(/secret-text/);
  });

  it("refuses a value that is too large, and keeps __proto__ inside one", async () => {
    const secrets = open();
    await expect(secrets.set("a", { v: "x".repeat(1_000_000) })).rejects.toMatchObject({
      code: "credential_too_large",
    });
    await secrets.set("a", JSON.parse('{"__proto__":{"admin":true},"token":"t"}'));
    const read = await open().get("a", SHARED);
    expect(Object.keys(read ?? {})).toEqual(["__proto__", "token"]);
    expect((read as { admin?: unknown }).admin).toBeUndefined();
  });

  it("keeps any JSON object under any name", async () => {
    const name = fc
      .string({ minLength: 1, maxLength: 40, unit: "grapheme" })
      .filter((value) => !/\p{Cc}|\p{Cs}/u.test(value));
    const value = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
    await fc.assert(
      fc.asyncProperty(name, fc.option(name), value, async (credential, tenant, given) => {
        await open().set(credential, given as never, { tenant });
        expect(await open().get(credential, { tenant })).toEqual(JSON.parse(JSON.stringify(given)));
      }),
      { numRuns: 60 },
    );
  });
});

describe("keys of a credentials file", () => {
  it.each([
    ["no key", []],
    ["an empty key", [""]],
    ["a short key", [Buffer.alloc(16, 7).toString("base64")]],
    ["a long key", [Buffer.alloc(48, 7).toString("base64")]],
    ["a passphrase that does not say so", ["correct horse battery staple"]],
    ["a short passphrase", ["passphrase:hunter2hunt"]],
    ["something else", [7 as unknown as string]],
  ])("refuses %s, without quoting it", (_what, keys) => {
    const opening = () => encryptedFileSecrets({ file, keys });
    expect(opening).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
    expect(opening).not.toThrow(/hunter2|horse|BwcH/);
  });

  it("may be in the alphabet of URLs, without padding", async () => {
    await open(KEY).set("a", { v: "x" });
    const urlKey = KEY.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
    expect(await open(urlKey).get("a", SHARED)).toEqual({ v: "x" });
  });

  it("may be a passphrase, with a salt of the file's own", async () => {
    const passphrase = "passphrase:correct horse battery staple";
    await open(passphrase).set("a", { v: "x" });
    expect(await open(passphrase).get("a", SHARED)).toEqual({ v: "x" });
    await expect(open("passphrase:correct horse battery stable").get("a", SHARED)).rejects.toMatchObject({
      code: "credentials_key_unknown",
    });
    tamper(({ credentials }) => ({ ...JSON.parse(text()), credentials, salt: Buffer.alloc(16).toString("base64") }));
    await expect(open(passphrase).get("a", SHARED)).rejects.toMatchObject({ code: "credentials_key_unknown" });
  });

  it("says that a key is a wrong one, and lets it change nothing", async () => {
    await open(KEY).set("a", { v: "x" });
    const before = text();
    const wrong = open(OTHER_KEY);
    for (const work of [
      () => wrong.get("a", SHARED),
      () => wrong.set("b", { v: "y" }),
      () => wrong.set("a", { v: "y" }),
      () => wrong.delete("a"),
      () => wrong.rotate(),
    ])
      await expect(work()).rejects.toMatchObject({
        code: "credentials_key_unknown",
        message: expect.stringMatching(/add that key/),
      });
    expect(text()).toBe(before);
  });

  it("are changed by giving both, rotating, and taking the old one away", async () => {
    await open(KEY).set("a", { v: "1" });
    await open(KEY).set("b", { v: "2" }, { tenant: "north" });
    const both = open(OTHER_KEY, KEY);
    await both.set("c", { v: "3" });
    expect((await both.list()).filter(({ isCurrent }) => isCurrent).map(({ name }) => name)).toEqual(["c"]);
    expect(await open(KEY, OTHER_KEY).get("c", SHARED)).toEqual({ v: "3" });
    expect(await both.rotate()).toBe(2);
    expect(await both.rotate()).toBe(0);
    const after = open(OTHER_KEY);
    expect(await after.get("a", SHARED)).toEqual({ v: "1" });
    expect(await after.get("b", { tenant: "north" })).toEqual({ v: "2" });
    await expect(open(KEY).get("a", SHARED)).rejects.toMatchObject({ code: "credentials_key_unknown" });
  });

  it("rotate all credentials or none", async () => {
    const third = generateCredentialsKey();
    await open(KEY).set("a", { v: "1" });
    await open(third, KEY).set("b", { v: "2" });
    const before = text();
    await expect(open(OTHER_KEY, KEY).rotate()).rejects.toMatchObject({ code: "credentials_key_unknown" });
    expect(text()).toBe(before);
  });
});

describe("a credentials file that is not as it was written", () => {
  beforeEach(async () => {
    await open().set("a", { v: "first" });
    await open().set("b", { v: "second" });
    await open().set("a", { v: "third" }, { tenant: "north" });
  });

  it.each<[string, (stored: Stored) => unknown]>([
    ["changed content", ({ credentials: [a] }) => put(a, { data: flipped(a?.["data"]) })],
    ["a changed tag", ({ credentials: [a] }) => put(a, { tag: flipped(a?.["tag"]) })],
    ["a changed nonce", ({ credentials: [a] }) => put(a, { nonce: flipped(a?.["nonce"]) })],
    ["another name", ({ credentials: [, b] }) => put(b, { name: "c" })],
    [
      "swapped records",
      ({ credentials: [a, b] }) => {
        put(a, { name: "b" });
        put(b, { name: "a" });
      },
    ],
    [
      "a tenant's record for all",
      ({ credentials: [shared, , own] }) => {
        put(shared, { tenant: "north" });
        put(own, { tenant: null });
      },
    ],
    ["a short tag", ({ credentials: [a] }) => put(a, { tag: Buffer.alloc(4).toString("base64") })],
    ["a record twice", ({ credentials, ...rest }) => ({ ...rest, credentials: [...credentials, credentials[0]] })],
    ["an unknown field", (stored) => ({ ...stored, extra: true })],
    ["another version", (stored) => ({ ...stored, version: 2 })],
  ])("is refused for %s", async (_what, change) => {
    tamper(change);
    const before = text();
    const answers = await Promise.allSettled(["a", "b", "c"].map((name) => open().get(name, SHARED)));
    expect(
      answers.some((answer) => answer.status === "rejected" && answer.reason.code === "credentials_file_damaged"),
    ).toBe(true);
    await expect(open(OTHER_KEY, KEY).rotate()).rejects.toMatchObject({ code: "credentials_file_damaged" });
    expect(text()).toBe(before);
  });

  it("is refused when it was cut off anywhere, and never overwritten", async () => {
    const whole = text();
    for (const length of [0, 1, 20, whole.length >> 1, whole.length - 3]) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      const secrets = open();
      for (const work of [
        () => secrets.get("a", SHARED),
        () => secrets.list(),
        () => secrets.set("z", { v: "new" }),
        () => secrets.delete("a"),
        () => secrets.rotate(),
      ])
        await expect(work()).rejects.toMatchObject({ code: "credentials_file_damaged" });
      expect(text()).toBe(whole.slice(0, length));
    }
    writeFileSync(file, whole);
    expect(await open().get("a", SHARED)).toEqual({ v: "first" });
  });

  it("names the file and the remedy, and quotes nothing of it", async () => {
    writeFileSync(file, '{"password":"in-the-clear');
    await expect(open().list()).rejects.toThrow(/credentials\.json .*backup/);
    await expect(open().list()).rejects.not.toThrow(/in-the-clear/);
  });
});

describe("writing a credentials file", () => {
  it("loses nothing when processes write at once", async () => {
    const count = 12;
    const writers = ["one", "two", "three"];
    const children = await Promise.all(
      writers.map((writer) =>
        runInChild(new URL("./support/credentials-writer.ts", import.meta.url), [file, KEY, writer, String(count)]),
      ),
    );
    expect(children.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(writers.map(() => [0, ""]));
    const kept = Array.from({ length: count }, (_, number) => number).filter((number) => number % 3 !== 2);
    const expected = writers.flatMap((writer) => kept.map((number) => `${writer}-${number}`)).sort();
    expect((await open().list()).map(({ name }) => name)).toEqual(expected);
    expect(await open().get("two-4", SHARED)).toEqual({ token: "two 4" });
    expect(readdirSync(folder)).toEqual(["credentials.json"]);
  });

  it("loses nothing when one process writes through several stores at once", async () => {
    const stores = [open(), open(), open()];
    const names = Array.from({ length: 18 }, (_, number) => `n${number}`);
    await Promise.all(names.map((name, index) => stores[index % 3]?.set(name, { name })));
    expect((await open().list()).map(({ name }) => name)).toEqual([...names].sort());
  });

  it("takes the lock of a dead process away at once", async () => {
    const { hostname } = await import("node:os");
    writeFileSync(`${file}.lock`, JSON.stringify({ host: hostname(), pid: DEAD_PID, token: "gone" }));
    await open().set("a", { v: "x" });
    expect(readdirSync(folder)).toEqual(["credentials.json"]);
  });

  it.each([
    ["of another machine", JSON.stringify({ host: "elsewhere", pid: 1, token: "gone" })],
    ["whose holder never wrote who it is", ""],
  ])("takes an old lock away %s", async (_what, content) => {
    writeFileSync(`${file}.lock`, content);
    utimesSync(`${file}.lock`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await Promise.all([open().set("a", { v: "x" }), open().set("b", { v: "y" })]);
    expect((await open().list()).length).toBe(2);
    expect(readdirSync(folder)).toEqual(["credentials.json"]);
  });

  it("waits for the lock of a living process", async () => {
    const { hostname } = await import("node:os");
    writeFileSync(`${file}.lock`, JSON.stringify({ host: hostname(), pid: process.pid, token: "mine" }));
    const write = open().set("a", { v: "x" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(readdirSync(folder)).toEqual(["credentials.json.lock"]);
    rmSync(`${file}.lock`);
    await write;
    expect(await open().get("a", SHARED)).toEqual({ v: "x" });
  });

  it("says that the folder is missing", async () => {
    const secrets = encryptedFileSecrets({ file: join(folder, "none", "credentials.json"), key: KEY });
    await expect(secrets.set("a", { v: "x" })).rejects.toMatchObject({
      code: "credentials_file_unavailable",
      message: expect.stringMatching(/create its folder/),
    });
  });

  it("says that the path is none of a file", async () => {
    const secrets = encryptedFileSecrets({ file: folder, key: KEY });
    await expect(secrets.list()).rejects.toMatchObject({ code: "credentials_file_unavailable" });
  });

  it("replaces what a symbolic link names, not the link", async () => {
    const link = join(folder, "link.json");
    await open().set("a", { v: "x" });
    symlinkSync(file, link);
    await encryptedFileSecrets({ file: link, key: KEY }).set("b", { v: "y" });
    expect((await open().list()).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("goes on after a write that failed", async () => {
    const secrets = open();
    await expect(secrets.set("", { v: "x" })).rejects.toThrow();
    writeFileSync(file, "{");
    await expect(secrets.set("a", { v: "x" })).rejects.toThrow();
    rmSync(file);
    await secrets.set("a", { v: "x" });
    expect(await secrets.get("a", SHARED)).toEqual({ v: "x" });
  });
});
