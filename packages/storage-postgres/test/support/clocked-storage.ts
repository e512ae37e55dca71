import type { Clock, Storage } from "@automatrix/core";
import pg from "pg";
import { afterAll } from "vitest";
import { postgresStorage } from "../../src/index.js";
import type { TestDatabase } from "./postgres.js";

const CLOCK_SCHEMA = "test_clock";

/** Stands in for Postgres's own function, which the storage's leases go by, where it comes first in the search path. */
const CREATE_CLOCK = `
CREATE SCHEMA ${CLOCK_SCHEMA};
CREATE TABLE ${CLOCK_SCHEMA}.now (ms double precision);
INSERT INTO ${CLOCK_SCHEMA}.now VALUES (0);
CREATE FUNCTION ${CLOCK_SCHEMA}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT to_timestamp(ms / 1000) FROM ${CLOCK_SCHEMA}.now';
`;

/** Makes storages in a database whose clock is a test's. */
export function clockedStorages(database: TestDatabase, schema: string): (clock: Clock) => Promise<Storage> {
  const url = new URL(database.connectionString);
  url.searchParams.set("options", `-c search_path=${CLOCK_SCHEMA},pg_catalog,public`);
  const pool = new pg.Pool({ connectionString: database.connectionString, max: 1 });
  pool.on("error", () => {});
  afterAll(() => pool.end());
  const created = database.created.then(() => pool.query(CREATE_CLOCK));
  created.catch(() => {});
  return async (clock) => {
    await created;
    await database.emptySchema(schema);
    const storage = postgresStorage({ connectionString: url.href, schema });
    return withClock(storage, clock, (ms) => pool.query(`UPDATE ${CLOCK_SCHEMA}.now SET ms = $1`, [ms]));
  };
}

/** Sets the database's clock before each call where the test's has moved since the last. */
function withClock(storage: Storage, clock: Clock, setClock: (ms: number) => Promise<unknown>): Storage {
  let isSetTo: number | undefined;
  let setting: Promise<unknown> = Promise.resolve();
  const follow = (): Promise<unknown> => {
    const now = clock.now();
    if (now === isSetTo) return setting;
    isSetTo = now;
    setting = setting.then(() => setClock(now));
    return setting;
  };
  return new Proxy(storage, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        await follow();
        return Reflect.apply(member, target, parameters) as unknown;
      };
    },
  });
}
