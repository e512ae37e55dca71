import { join } from "node:path";
import { storageConformance } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

describe("sqliteStorage on a file", () => {
  const folder = temporaryFolder();
  let count = 0;
  const cases = storageConformance({
    createStorage: ({ clock }) => sqliteStorage({ file: join(folder.path, `${count++}.db`), clock }),
    describe,
    it,
  });

  it("leaves no case out", () => {
    expect(cases.filter(({ skip }) => skip !== undefined)).toEqual([]);
  });
});

describe("sqliteStorage in memory", () => {
  const cases = storageConformance({
    createStorage: ({ clock }) => sqliteStorage({ file: ":memory:", clock }),
    describe,
    it,
  });

  it("leaves no case out", () => {
    expect(cases.filter(({ skip }) => skip !== undefined)).toEqual([]);
  });
});
