import type { Storage } from "@automatrix/core";
import { afterEach, beforeEach } from "vitest";
import { postgresStorage } from "../../src/index.js";
import type { TestDatabase } from "./postgres.js";

/** Storages on one empty schema, as two processes have them; open during each test. */
export function useTwoStorages(database: TestDatabase, schema: string): readonly [Storage, Storage] {
  const open = () => postgresStorage({ connectionString: database.connectionString, schema });
  const storages = [open(), open()] as const;
  beforeEach(async () => {
    await database.created;
    await database.emptySchema(schema);
    for (const storage of storages) await storage.open();
  });
  afterEach(async () => {
    for (const storage of storages) await storage.close();
  });
  return storages;
}
