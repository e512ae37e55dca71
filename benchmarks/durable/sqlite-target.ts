import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import Database from "better-sqlite3";
import { type DurableFloor, type DurableTarget, toFloorRow } from "./durable-target.js";

export type Synchronous = "full" | "normal";

/** SQLite files in a new folder of the temporary directory. */
export async function openSqliteTarget(synchronous: Synchronous): Promise<DurableTarget> {
  const folder = await mkdtemp(join(tmpdir(), "automatrix-bench-"));
  let files = 0;
  const nextFile = () => {
    files += 1;
    return join(folder, `${files}.db`);
  };
  return {
    name: `SQLite, synchronous ${synchronous}`,
    createStorage: () => sqliteStorage({ file: nextFile(), synchronous }),
    openFloor: async () => openSqliteFloor(nextFile(), synchronous),
    walBytes: async () => null,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function openSqliteFloor(file: string, synchronous: Synchronous): DurableFloor {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous.toUpperCase()}`);
  // Rows are appended and only their keys are sorted in: fewer pages a commit than with the rows in the index.
  database.exec(`CREATE TABLE steps (execution TEXT, step INTEGER, status TEXT, output TEXT, ended_at INTEGER,
    PRIMARY KEY (execution, step))`);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const insert = database.prepare("INSERT INTO steps VALUES (?, ?, ?, ?, ?)");
  const commit = database.prepare("COMMIT");
  return {
    async writeStep(executions, step) {
      begin.run();
      for (const id of executions) {
        const { execution, status, output, endedAt } = toFloorRow(id, step);
        insert.run(execution, step, status, output, endedAt);
      }
      commit.run();
    },
    close: async () => void database.close(),
  };
}
