import type { Migration } from "kysely";
import { firstTables } from "./0001-first-tables.js";

/** Every step from an empty file to the tables of this version, in order. Steps are added, never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-first-tables": firstTables,
};
