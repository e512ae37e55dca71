import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describePostgres, type TestDatabase } from "../../../../storage-postgres/test/support/postgres.js";
import type { MetadataFilter, VectorQuery, VectorRecord, VectorStore } from "../vector-store.js";
import { memoryVectorStore } from "./memory-vector-store.js";
import { pgvectorStore } from "./pgvector-store.js";
import { sqliteVectorStore } from "./sqlite-vector-store.js";

const space = { tenant: null, namespace: "n" };
const record = (id: string, vector: readonly number[], metadata: VectorRecord["metadata"] = {}): VectorRecord => ({
  id,
  vector,
  text: `text of ${id}`,
  metadata,
});
const query = (vector: readonly number[], more: Partial<VectorQuery> = {}): VectorQuery => ({
  vector,
  limit: 10,
  filter: {},
  signal: new AbortController().signal,
  ...more,
});

/** What every store must do. `open` gives an empty one. */
function conformance(open: () => VectorStore | Promise<VectorStore>): void {
  let store: VectorStore;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());
  const idsOf = async (...given: Parameters<VectorStore["search"]>) =>
    (await store.search(...given)).map(({ id }) => id);

  it("finds the most similar first, equal ones by id", async () => {
    await store.upsert(space, [
      record("far", [-1, 0]),
      record("b", [2, 0]),
      record("a", [5, 0]),
      record("mid", [1, 1]),
    ]);
    const found = await store.search(space, query([1, 0]));
    expect(found.map(({ id }) => id)).toEqual(["a", "b", "mid", "far"]);
    expect(found[0]).toEqual({ id: "a", score: expect.closeTo(1, 5), text: "text of a", metadata: {} });
    expect(found[2]?.score).toBeCloseTo(Math.SQRT1_2, 5);
    expect(found[3]?.score).toBeCloseTo(-1, 5);
    expect(await idsOf(space, query([1, 0], { limit: 2 }))).toEqual(["a", "b"]);
  });

  it("replaces records of the same id, the last of a list counts", async () => {
    await store.upsert(space, [record("a", [1, 0], { v: 1 })]);
    await store.upsert(space, [record("a", [0, 1], { v: 2 }), record("a", [0, 1], { v: 3 })]);
    expect(await store.search(space, query([0, 1]))).toMatchObject([
      { score: expect.closeTo(1, 5), metadata: { v: 3 } },
    ]);
  });

  it("keeps tenants and namespaces apart", async () => {
    await store.upsert(space, [record("none", [1, 0])]);
    await store.upsert({ tenant: "", namespace: "n" }, [record("empty", [1, 0])]);
    await store.upsert({ tenant: "t", namespace: "n" }, [record("t", [1, 0])]);
    await store.upsert({ tenant: null, namespace: "m" }, [record("m", [1, 0, 0])]);
    expect(await idsOf(space, query([1, 0]))).toEqual(["none"]);
    expect(await idsOf({ tenant: "", namespace: "n" }, query([1, 0]))).toEqual(["empty"]);
    expect(await idsOf({ tenant: "t", namespace: "n" }, query([1, 0]))).toEqual(["t"]);
    expect(await idsOf({ tenant: "u", namespace: "n" }, query([1, 0]))).toEqual([]);
  });

  it("filters by metadata, telling 1, text and true apart", async () => {
    await store.upsert(space, [
      record("number", [1, 0], { v: 1 }),
      record("text", [1, 0], { v: "1" }),
      record("true", [1, 0], { v: true }),
      record("null", [1, 0], { v: null }),
      record("none", [1, 0]),
      record("odd", [1, 0], { v: 'ä"\\\n😀', "größe.x-y": 1.5 }),
    ]);
    const find = (filter: MetadataFilter) => idsOf(space, query([1, 0], { filter }));
    expect(await find({ v: 1 })).toEqual(["number"]);
    expect(await find({ v: "1" })).toEqual(["text"]);
    expect(await find({ v: true })).toEqual(["true"]);
    expect(await find({ v: null })).toEqual(["null"]);
    expect(await find({ v: [1, "1"] })).toEqual(["number", "text"]);
    expect(await find({ v: 'ä"\\\n😀', "größe.x-y": 1.5 })).toEqual(["odd"]);
    expect(await find({ v: "'; DROP TABLE vectors; --" })).toEqual([]);
  });

  it("refuses vectors of another length, and writes nothing of such a list", async () => {
    await store.upsert(space, [record("a", [1, 0])]);
    await expect(store.upsert(space, [record("b", [1, 0]), record("c", [1])])).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(store.search(space, query([1]))).rejects.toMatchObject({ code: "invalid_input" });
    expect(await idsOf(space, query([1, 0]))).toEqual(["a"]);
  });

  it("deletes records, and a namespace with its length", async () => {
    expect(await store.delete(space, ["a"])).toBe(0);
    await store.upsert(space, [record("a", [1, 0]), record("b", [1, 0])]);
    expect(await store.delete(space, ["a", "x"])).toBe(1);
    expect(await idsOf(space, query([1, 0]))).toEqual(["b"]);
    expect(await store.delete(space, "all")).toBe(1);
    await store.upsert(space, [record("c", [1, 0, 0])]);
    expect(await idsOf(space, query([1, 0, 0]))).toEqual(["c"]);
  });

  it("finds nothing where nothing is, and stops for a signal", async () => {
    expect(await store.search(space, query([1]))).toEqual([]);
    await store.upsert(space, []);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(store.search(space, query([1], { signal }))).rejects.toThrow("enough");
  });

  it("takes many writers and readers at once", async () => {
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        const records = Array.from({ length: 50 }, (_, place) => record(`${(place * 7 + writer) % 60}`, [1, place]));
        await store.upsert(space, writer % 2 === 0 ? records : records.reverse());
        await store.search(space, query([1, 1]));
      }),
    );
    expect(await store.search(space, query([1, 1], { limit: 100 }))).toHaveLength(60);
  });

  it("finds the best of thousands", async () => {
    for (let batch = 0; batch < 3; batch++) {
      const records = Array.from({ length: 1_000 }, (_, place) => {
        const angle = ((batch * 1_000 + place) / 3_000) * Math.PI;
        return record(`${batch * 1_000 + place}`, [Math.cos(angle), Math.sin(angle)]);
      });
      await store.upsert(space, records);
    }
    const angle = (1_234 / 3_000) * Math.PI;
    expect((await idsOf(space, query([Math.cos(angle), Math.sin(angle)], { limit: 3 }))).sort()).toEqual([
      "1233",
      "1234",
      "1235",
    ]);
  });

  it("can be closed twice", async () => {
    await store.upsert(space, [record("a", [1])]);
    await store.close();
    await store.close();
  });
}

describe("memoryVectorStore", () => {
  conformance(() => memoryVectorStore());

  it("holds as much as it may", async () => {
    const store = memoryVectorStore({ maxRecords: 1 });
    await store.upsert(space, [record("a", [1])]);
    await expect(store.upsert(space, [record("b", [1])])).rejects.toMatchObject({ code: "storage_full" });
    await store.upsert(space, [record("a", [2])]);
  });
});

describe("sqliteVectorStore", () => {
  let folder: string;
  let files = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "automatrix-vectors-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const nextFile = () => join(folder, `${files++}.db`);

  conformance(() => sqliteVectorStore({ file: nextFile() }));

  it("keeps what it was given when it is opened again, also by two at once", async () => {
    const file = nextFile();
    const [first, second] = [sqliteVectorStore({ file }), sqliteVectorStore({ file })];
    await first.upsert(space, [record("a", [1, 0])]);
    await second.upsert(space, [record("b", [0, 1])]);
    expect(await first.search(space, query([0, 1]))).toHaveLength(2);
    await first.close();
    expect(await first.search(space, query([0, 1]))).toHaveLength(2);
    await Promise.all([first.close(), second.close()]);
  });

  it("holds as much as it may, and writes nothing beyond", async () => {
    const store = sqliteVectorStore({ file: nextFile(), maxRecords: 2 });
    const three = [record("a", [1]), record("b", [1]), record("c", [1])];
    await expect(store.upsert(space, three)).rejects.toMatchObject({ code: "storage_full" });
    expect(await store.search(space, query([1]))).toEqual([]);
    await store.close();
  });

  it("fails in a way that may pass while another process writes", async () => {
    const file = nextFile();
    const store = sqliteVectorStore({ file, busyTimeoutMs: 10 });
    await store.upsert(space, [record("a", [1])]);
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    await expect(store.upsert(space, [record("b", [1])])).rejects.toMatchObject({
      name: "RetryableNodeError",
      code: "vector_store_unavailable",
    });
    other.exec("ROLLBACK");
    other.close();
    await store.upsert(space, [record("b", [1])]);
    await store.close();
  });

  it("says that a file is no database, or cannot be one", async () => {
    const text = nextFile();
    writeFileSync(text, "no database at all, but a text that is long enough".repeat(20));
    for (const file of [text, folder, join(folder, "missing", "file.db")]) {
      const store = sqliteVectorStore({ file });
      await expect(store.search(space, query([1]))).rejects.toMatchObject({
        name: "FatalNodeError",
        code: "vector_store_failed",
      });
      await store.close();
    }
  });

  it("reads while another process writes", async () => {
    const file = nextFile();
    const store = sqliteVectorStore({ file, busyTimeoutMs: 10 });
    await store.upsert(space, [record("a", [1])]);
    const other = new Sqlite(file);
    other.exec("BEGIN IMMEDIATE");
    expect(await store.search(space, query([1]))).toHaveLength(1);
    other.close();
    await store.close();
  });

  it("searches piece by piece, so that other work has its turn", async () => {
    const store = sqliteVectorStore({ file: nextFile() });
    await store.upsert(
      space,
      Array.from({ length: 1_600 }, (_, id) => record(String(id), [1, id])),
    );
    let turns = 0;
    const searching = store.search(space, query([1, 1]));
    setImmediate(() => (turns += 1));
    await searching;
    expect(turns).toBe(1);
    await store.close();
  });
});

/** What pgvector offers, made of SQL, for servers that lack the extension: the statements are the same. */
const STAND_IN = `
  CREATE SCHEMA stand_in;
  CREATE DOMAIN stand_in.vector AS text;
  CREATE FUNCTION stand_in.cosine_distance(a text, b text) RETURNS double precision IMMUTABLE LANGUAGE sql AS $$
    SELECT 1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y))
    FROM unnest(translate(a, '[]', '{}')::float8[], translate(b, '[]', '{}')::float8[]) AS pair (x, y)
  $$;
  CREATE OPERATOR stand_in.<=> (LEFTARG = text, RIGHTARG = text, FUNCTION = stand_in.cosine_distance);
`;

async function hasExtension(database: TestDatabase): Promise<boolean> {
  return (await database.query("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")).length > 0;
}

describePostgres("pgvectorStore", (database) => {
  let schemas = 0;
  const open = () => pgvectorStore({ connectionString: database.connectionString, schema: `vectors_${schemas++}` });

  it("names what is missing where the server lacks the extension", async () => {
    if (await hasExtension(database)) return;
    const store = open();
    await expect(store.search(space, query([1]))).rejects.toMatchObject({
      name: "FatalNodeError",
      code: "not_configured",
      message: expect.stringContaining("CREATE EXTENSION vector"),
    });
    await store.close();
  });

  describe("with the extension, or a stand-in of SQL for it", () => {
    beforeAll(async () => {
      if (!(await hasExtension(database))) await database.query(STAND_IN);
    });

    conformance(open);

    it("makes its tables once, however many begin at the same time", async () => {
      const schema = "together";
      const stores = Array.from({ length: 5 }, () =>
        pgvectorStore({ connectionString: database.connectionString, schema, maxConnections: 1 }),
      );
      await Promise.all(stores.map((store, place) => store.upsert(space, [record(String(place), [1, place])])));
      expect(await stores[0]?.search(space, query([1, 1]))).toHaveLength(5);
      await Promise.all(stores.map((store) => store.close()));
    });

    it("goes on after its connections were ended", async () => {
      const store = open();
      await store.upsert(space, [record("a", [1])]);
      await database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
      );
      const attempt = () => store.search(space, query([1])).catch((error: { code?: string }) => error.code);
      const first = await attempt();
      expect(first === "vector_store_unavailable" || Array.isArray(first)).toBe(true);
      expect(await attempt()).toHaveLength(1);
      await store.close();
    });
  });

  it("fails in a way that may pass where nobody listens, and names no password", async () => {
    const store = pgvectorStore({ connectionString: "postgres://user:hunter22@127.0.0.1:1/none" });
    const error: unknown = await store.search(space, query([1])).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "RetryableNodeError", code: "vector_store_unavailable" });
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter22");
    await store.close();
  });

  it("refuses a schema that is no plain name", () => {
    expect(() => pgvectorStore({ connectionString: "postgres://x", schema: 'a"; DROP SCHEMA b; --' })).toThrow(
      /plain name/,
    );
  });
});
