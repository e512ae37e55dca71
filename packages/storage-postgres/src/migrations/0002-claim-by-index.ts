import { type Migration, sql } from "kysely";

/**
 * A claim looks for the few rows that run or are owned in indexes where every row once was. A plain index scan marks the
 * entries that are gone, so that the next one skips them; a bitmap scan reads all of them each time until a vacuum. Its
 * statements are planned once a connection: planning them for each call cost more than running them.
 */
export function claimByIndex(schema: string): Migration {
  return {
    async up(database) {
      const signature = `${schema}.claim(text, integer, double precision, double precision, text[])`;
      for (const setting of ["enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"])
        await sql.raw(`ALTER FUNCTION ${signature} SET ${setting}`).execute(database);
    },
  };
}
