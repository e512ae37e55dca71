import { closeSync, openSync, statSync } from "node:fs";
import { StorageError } from "@automatrix/core";
import { migrate } from "../migrations/migrate.js";
import { Connection, type ConnectionParams } from "./connection.js";
import { isBusy, toStorageError } from "./to-storage-error.js";

/** Only its owner may read the database: inputs and outputs may be anything. */
const FILE_MODE = 0o600;
const RETRY_PAUSE_MS = 20;

/**
 * Opens the file, creating it if it is not there, and brings its tables up to date. Processes that do so at once wait
 * for each other.
 * @throws StorageError
 */
export async function openConnection(params: ConnectionParams, busyTimeoutMs: number): Promise<Connection> {
  const giveUpAt = performance.now() + busyTimeoutMs;
  for (;;) {
    let connection: Connection | undefined;
    try {
      createFile(params.file);
      connection = new Connection(params);
      connection.database.pragma("journal_mode = WAL");
      await migrate(connection, params.file);
      return connection;
    } catch (error) {
      connection?.close();
      if (!isBusy(error) || performance.now() > giveUpAt) throw toStorageError(error, params.file);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
  }
}

/** Before SQLite would create it with a wider mode; the log and its index take the mode of the file. */
function createFile(file: string): void {
  if (file === ":memory:") return;
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new StorageError("storage_unavailable", `"${file}" is a folder; name a file in it.`);
  closeSync(openSync(file, "a", FILE_MODE));
}
