import type { Storage } from "@automatrix/core";

/** Where the processes of a run keep their executions; plain JSON, since it is handed to them. */
export type StoragePlace =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly connectionString: string; readonly schema: string };

/** Opens it. Only the adapter that is used is loaded. */
export async function openCrashStorage(place: StoragePlace): Promise<Storage> {
  const storage = await createCrashStorage(place);
  await storage.open();
  return storage;
}

/** Not yet opened. */
export async function createCrashStorage(place: StoragePlace): Promise<Storage> {
  if (place.kind === "sqlite") {
    const { sqliteStorage } = await import("@automatrix/storage-sqlite");
    return sqliteStorage({ file: place.file });
  }
  const { postgresStorage } = await import("@automatrix/storage-postgres");
  return postgresStorage({ connectionString: place.connectionString, schema: place.schema });
}
