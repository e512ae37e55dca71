import type { Storage } from "@automatrix/core";
import { createExistingStorage } from "./storage-url.js";

/** An open storage that is only looked at: nothing runs, nothing is taken over. */
export interface OpenedReader extends AsyncDisposable {
  readonly storage: Storage;
}

/** @throws ConfigurationError `invalid_configuration`, StorageError `storage_unavailable`, `migration_failed` */
export async function openReader(url: string): Promise<OpenedReader> {
  const storage = await createExistingStorage(url);
  await storage.open();
  return { storage, [Symbol.asyncDispose]: () => storage.close() };
}
