import { crashConformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { clockedStorages } from "./support/clocked-storage.js";
import { describePostgres } from "./support/postgres.js";

describePostgres("the Postgres storage, while workers die and calls fail", (database) => {
  const createStorage = clockedStorages(database, "crash");
  crashConformance({
    createStorage: ({ clock }) => createStorage(clock),
    isRemote: true,
    maxTargets: targetsAtMost(),
    describe,
    it,
  });
});

/** Every commit of every case takes an hour: AUTOMATRIX_CRASH_TARGETS=1000 does that. */
function targetsAtMost(): number {
  return Number(process.env["AUTOMATRIX_CRASH_TARGETS"] ?? 1);
}
