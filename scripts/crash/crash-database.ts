import { randomBytes } from "node:crypto";
import pg from "pg";

/** Tried in this order; the first that answers is used. */
const CANDIDATES: readonly (string | undefined)[] = [
  process.env["AUTOMATRIX_TEST_POSTGRES"],
  process.env["PGHOST"] === undefined
    ? undefined
    : `postgres://${process.env["PGUSER"] ?? "postgres"}@${process.env["PGHOST"]}:${process.env["PGPORT"] ?? 5432}/postgres`,
  "postgres://postgres@127.0.0.1:5432/postgres",
];
const CONNECT_TIMEOUT_MS = 3_000;

/** A database of one run; disposing of it drops it. */
export interface CrashDatabase extends AsyncDisposable {
  readonly connectionString: string;
  /** Ends every connection to it, as a restart of the server would; how many there were. */
  terminateConnections(): Promise<number>;
}

/** A server to which databases can be added; undefined when none answers. */
export async function findPostgres(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    if (candidate === undefined) continue;
    if (await withClient(candidate, async () => true).catch(() => false)) return candidate;
  }
  return undefined;
}

/** Makes a database on this server. */
export async function createCrashDatabase(server: string): Promise<CrashDatabase> {
  const name = `automatrix_crash_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  return {
    connectionString: url.href,
    terminateConnections: () =>
      withClient(server, async (client) => {
        const { rowCount } = await client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
          [name],
        );
        return rowCount ?? 0;
      }),
    [Symbol.asyncDispose]: async () => {
      await withClient(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function withClient<Result>(
  connectionString: string,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {});
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
