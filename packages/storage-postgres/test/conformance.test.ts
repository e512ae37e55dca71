import { storageConformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { postgresStorage } from "../src/index.js";
import { describePostgres } from "./support/postgres.js";

const SCHEMA = "conformance";

describePostgres("the Postgres storage keeps the contract of storages", (database) => {
  storageConformance({
    createStorage: async () => {
      await database.created;
      await database.emptySchema(SCHEMA);
      return postgresStorage({ connectionString: database.connectionString, schema: SCHEMA });
    },
    usesTestClock: false,
    describe,
    it,
  });
});
