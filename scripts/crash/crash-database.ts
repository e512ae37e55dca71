import { addDatabase, withClient } from "../../packages/storage-postgres/test/support/postgres-server.js";

/** A database of one run; disposing of it drops it. */
export interface CrashDatabase extends AsyncDisposable {
  readonly connectionString: string;
  /** Ends every connection to it, as a restart of the server would; how many there were. */
  terminateConnections(): Promise<number>;
}

/** Makes a database on this server. */
export async function createCrashDatabase(server: string): Promise<CrashDatabase> {
  const { name, connectionString, created, drop } = addDatabase(server, "automatrix_crash");
  await created;
  return {
    connectionString,
    terminateConnections: () =>
      withClient(server, async (client) => {
        const { rowCount } = await client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
          [name],
        );
        return rowCount ?? 0;
      }),
    [Symbol.asyncDispose]: drop,
  };
}
