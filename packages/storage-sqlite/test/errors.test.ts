import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitOne, creation, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary-folder.js";

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** Permissions bind nobody who is root. */
async function asNobody<Result>(run: () => Promise<Result>): Promise<Result> {
  if (!isRoot) return run();
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

describe("what cannot be opened", () => {
  const folder = temporaryFolder();
  const place = (name: string) => join(folder.path, name);

  it("is named when the file is no database, and left as it was", async () => {
    const file = place("letter.txt");
    const text = "Dear Sir or Madam,\n".repeat(1_000);
    writeFileSync(file, text);
    await expect(sqliteStorage({ file }).open()).rejects.toMatchObject({
      code: "storage_corrupt",
      message: expect.stringContaining("is not a SQLite database"),
    });
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it("is named when it is a folder", async () => {
    const file = place("folder");
    mkdirSync(file);
    await expect(sqliteStorage({ file }).open()).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringContaining("is a folder"),
    });
  });

  it("is named when its folder is missing", async () => {
    await expect(sqliteStorage({ file: place("none/a.db") }).open()).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringContaining("create it"),
    });
  });

  it("is named when a newer version wrote it, and left as it was", async () => {
    const file = place("newer.db");
    const storage = sqliteStorage({ file });
    await storage.open();
    await storage.commit([creation("e1")]);
    await storage.close();
    const database = new Database(file);
    database.exec("INSERT INTO automatrix_migrations (name, timestamp) VALUES ('9999-future', '2099-01-01')");
    database.close();
    await expect(sqliteStorage({ file }).open()).rejects.toMatchObject({
      code: "migration_failed",
      message: expect.stringMatching(/newer version \(9999-future\); upgrade @automatrix\/storage-sqlite/),
    });
    const after = new Database(file, { readonly: true });
    expect(after.prepare("SELECT count(*) FROM automatrix_executions").pluck().get()).toBe(1);
    after.close();
  });

  it("is named when the file may not be written", async () => {
    const file = place("mine.db");
    const storage = sqliteStorage({ file });
    await storage.open();
    await storage.close();
    chmodSync(folder.path, 0o755);
    chmodSync(file, 0o444);
    await asNobody(() => expect(sqliteStorage({ file }).open()).rejects.toMatchObject({ code: "storage_readonly" }));
  });

  it("is named when the folder may not be written", async () => {
    const locked = place("locked");
    mkdirSync(locked, { mode: 0o555 });
    await asNobody(() =>
      expect(sqliteStorage({ file: join(locked, "a.db") }).open()).rejects.toMatchObject({ code: "storage_readonly" }),
    );
  });

  it("is named when the log cannot be made beside a file that may be written", async () => {
    const locked = place("half");
    mkdirSync(locked);
    const file = join(locked, "a.db");
    const storage = sqliteStorage({ file });
    await storage.open();
    await storage.close();
    if (isRoot) chownSync(file, NOBODY, NOBODY);
    chmodSync(locked, 0o555);
    await asNobody(async () => {
      const error: unknown = await sqliteStorage({ file })
        .open()
        .catch((caught: unknown) => caught);
      expect(["storage_readonly", "storage_unavailable"]).toContain((error as { code: string }).code);
    });
  });

  it("refuses an empty name at once", () => {
    expect(() => sqliteStorage({ file: "" })).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
  });

  it("can be opened after it could not", async () => {
    const file = place("late/a.db");
    const storage = sqliteStorage({ file });
    await expect(storage.open()).rejects.toMatchObject({ code: "storage_unavailable" });
    mkdirSync(place("late"));
    await storage.open();
    await storage.close();
  });
});

describe("what a name like a URI is", () => {
  const folder = temporaryFolder();

  it("is a file of that name", async () => {
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      const storage = sqliteStorage({ file: "file:x.db?mode=memory" });
      await storage.open();
      expect(existsSync(join(folder.path, "file:x.db?mode=memory"))).toBe(true);
      await storage.close();
    } finally {
      process.chdir(before);
    }
  });
});

describe("permissions", () => {
  const folder = temporaryFolder();

  it("let nobody but the owner read the file, its log, or large values", async () => {
    const file = join(folder.path, "secret.db");
    const storage = sqliteStorage({ file });
    await storage.open();
    await storage.commit([creation("e1", { input: "x".repeat(50_000) })]);
    await storage.blobs.put(new Uint8Array(3));
    for (const path of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(path).mode & 0o777, path).toBe(0o600);
    for (const path of [`${file}-blobs`, `${file}-blobs/payloads`])
      expect(statSync(path).mode & 0o777, path).toBe(0o700);
    await storage.close();
  });
});

describe("a full disk", () => {
  const folder = temporaryFolder();

  it("refuses what finds no room, keeps what was there, and goes on when there is room", async () => {
    const file = join(folder.path, "full.db");
    const storage = sqliteStorage({ file, maxFileBytes: 512 * 1024 });
    await storage.open();
    await storage.commit([creation("e1")]);
    const large = {
      executionId: "e1",
      epoch: 1,
      afterSeq: 1,
      nodes: Array.from({ length: 200 }, (_, n) => nodeRecord(`n${n}`, { output: "x".repeat(10_000) })),
    };
    await expect(storage.commit([large, creation("e2")])).rejects.toMatchObject({ code: "storage_full" });
    expect(await storage.listNodes("e1")).toEqual([]);
    expect(await storage.getExecution("e2")).toBeUndefined();
    expect(await commitOne(storage, creation("e3"))).toEqual({ ok: true, firstSeq: 1 });
    await storage.close();
    const roomy = sqliteStorage({ file });
    await roomy.open();
    expect(await commitOne(roomy, large)).toEqual({ ok: true, firstSeq: 2 });
    expect(await roomy.listNodes("e1")).toHaveLength(200);
    await roomy.close();
  });
});

describe("a lock that another process holds", () => {
  const folder = temporaryFolder();

  it("makes a write wait without blocking the process, then reject with what may pass", async () => {
    const file = join(folder.path, "locked.db");
    const storage = sqliteStorage({ file, busyTimeoutMs: 150 });
    await storage.open();
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await expect(storage.commit([creation("e1")])).rejects.toMatchObject({ code: "storage_unavailable" });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(2);
    expect(await storage.getExecution("e1")).toBeUndefined();
    const waiting = storage.commit([creation("e1")]);
    other.exec("COMMIT");
    expect(await waiting).toEqual([{ ok: true, firstSeq: 1 }]);
    other.close();
    await storage.close();
  });
});

describe("a storage that is not open", () => {
  it("says so before open and after close", async () => {
    const storage = sqliteStorage({ file: ":memory:" });
    await expect(storage.commit([])).rejects.toMatchObject({ code: "storage_closed" });
    await storage.open();
    await storage.close();
    await storage.close();
    for (const call of [
      () => storage.commit([creation("e1")]),
      () => storage.getExecution("e1"),
      () => storage.heartbeat({ workerId: "w", leaseDurationMs: 1 }),
      () => storage.takeNews({ workerId: "w", limit: 1 }),
    ])
      await expect(call()).rejects.toMatchObject({ code: "storage_closed" });
  });
});

describe("a value that is no JSON", () => {
  it("is the fault of its commit, and nothing that passes", async () => {
    const storage = sqliteStorage({ file: ":memory:" });
    await storage.open();
    await expect(storage.commit([creation("e1", { input: 1n })])).rejects.toMatchObject({ code: "invalid_input" });
    expect(await storage.getExecution("e1")).toBeUndefined();
    await storage.close();
  });
});
