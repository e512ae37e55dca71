import type { Migration } from "kysely";
import { firstTables } from "./0001-first-tables.js";
import { claimByIndex } from "./0002-claim-by-index.js";
import { numberRows } from "./0003-number-rows.js";

/** Every migration by its name, in order. Released ones are never edited. */
export function migrations(schema: string): Readonly<Record<string, Migration>> {
  return {
    "0001-first-tables": firstTables(schema),
    "0002-claim-by-index": claimByIndex(schema),
    "0003-number-rows": numberRows(schema),
  };
}
