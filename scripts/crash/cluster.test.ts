import { describe, expect, it } from "vitest";
import { findPostgres } from "../../packages/storage-postgres/test/support/postgres-server.js";
import { runCluster } from "./cluster.js";
import { OWN_REDIS } from "./crash-redis.js";

/** Processes that load TypeScript, on a machine that may be busy; a slot whose process died is fired after half a minute. */
const TIMEOUT_MS = 180_000;
const REASON = "no Postgres server answers: set AUTOMATRIX_TEST_POSTGRES to one, or start one on port 5432";

const ROUND = { workers: 2, executions: 100, seconds: 5, seed: 1, say: () => {} } as const;

const server = await findPostgres();
const isLeftOut = server === undefined && process.env["CI"] !== "true";

/** A short round of what `npm run crash -- cluster` does at length. */
describe.skipIf(isLeftOut)(
  `several processes on one Postgres database${isLeftOut ? ` (left out: ${REASON})` : ""}`,
  () => {
    it.each([
      { through: "claims alone", redis: {} },
      { through: "BullMQ on a Redis that loses its data", redis: { redis: OWN_REDIS } },
    ])(
      "lose nothing, repeat nothing that was recorded, and keep limits and schedules while they are killed, through $through",
      async ({ redis }) => {
        if (server === undefined) throw new Error(`${REASON}; with CI=true leaving the suite out is a failure`);
        const report = await runCluster({ ...ROUND, ...redis, server });
        expect(report).toMatchObject({ violations: [] });
      },
      TIMEOUT_MS,
    );
  },
);
