import { type Migration, sql } from "kysely";

/** Starts number their rows themselves, also those of roles that were given the tables only. */
export function numberRows(schema: string): Migration {
  return {
    async up(database) {
      await sql.raw(`GRANT USAGE ON SEQUENCE ${schema}.executions_key_seq TO PUBLIC`).execute(database);
    },
  };
}
