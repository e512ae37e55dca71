import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  createExistingStorage,
  createStorage,
  DEFAULT_STORAGE_URL,
  parseStorageUrl,
  shownStorageUrl,
} from "./storage-url.js";

describe("parseStorageUrl", () => {
  it("keeps executions in automatrix.db of the current folder by default", () => {
    expect(parseStorageUrl(DEFAULT_STORAGE_URL)).toEqual({
      kind: "sqlite",
      file: join(process.cwd(), "automatrix.db"),
    });
  });

  it.each([
    ["memory:", { kind: "memory" }],
    ["sqlite:/data/a b.db", { kind: "sqlite", file: "/data/a b.db" }],
    ["postgres://localhost/a", { kind: "postgres", connectionString: "postgres://localhost/a" }],
    ["postgresql://localhost/a", { kind: "postgres", connectionString: "postgresql://localhost/a" }],
  ])("reads %s", (url, address) => {
    expect(parseStorageUrl(url)).toEqual(address);
  });

  it.each([
    ["mysql://localhost/a", /"mysql:" is unknown/],
    ["", /is unknown/],
    ["sqlite:", /path of a file/],
  ])("refuses %j and says why", (url, message) => {
    expect(() => parseStorageUrl(url)).toThrow(message);
  });

  it.each(["mysql://me:secret@host/a", "me:secret@host"])("keeps the password of %s out of the message", (url) => {
    expect(() => parseStorageUrl(url)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("secret") }),
    );
  });
});

describe("shownStorageUrl", () => {
  it.each([
    ["sqlite:a.db", "sqlite:a.db"],
    ["postgres://me:secret@host:5432/a?password=secret", "postgres://host:5432/a"],
    ["postgresql://me:se@cr/et@host/a", "postgres://host/a"],
  ])("shows %s as %s", (url, shown) => {
    expect(shownStorageUrl(url)).toBe(shown);
  });
});

describe("createStorage", () => {
  it.each([
    ["memory:", "memory"],
    ["sqlite:a.db", "sqlite"],
  ])("makes what %s names, and creates no file yet", async (url, name) => {
    expect((await createStorage(url)).name).toBe(name);
  });
});

describe("createExistingStorage", () => {
  it("says that a file is not there, with its path, in place of creating it", async () => {
    await expect(createExistingStorage("sqlite:not-there.db")).rejects.toThrow(join(process.cwd(), "not-there.db"));
  });

  it("says that memory holds nothing of another process", async () => {
    await expect(createExistingStorage("memory:")).rejects.toThrow(/holds nothing/);
  });
});
