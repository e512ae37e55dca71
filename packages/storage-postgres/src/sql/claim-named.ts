import type { ClaimedExecution, Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { type ClaimedRow, toClaimedExecution } from "../rows/execution-row.js";
import { toPostgresText } from "../rows/text.js";
import { claimStatement } from "./claim-statement.js";

type ClaimParams = Parameters<Storage["claim"]>[0];

/** As the function `claim`: nobody owns it, and it is queued, left in the middle, or parked and has something to do. */
const IS_READY = `e.ended_at IS NULL AND e.owner IS NULL
  AND CASE WHEN e.is_parked THEN e.has_news OR e.wake_at <= $4 ELSE e.blocked IS NULL END`;

/** Claims executions by their ids, whatever else there is to claim. */
export async function claimNamed(
  connection: PostgresConnection,
  params: ClaimParams & { readonly executionIds: readonly string[] },
): Promise<readonly ClaimedExecution[]> {
  const { workerId, leaseDurationMs, dueAt, limit, executionIds, executionId, offers = null } = params;
  const own = [toPostgresText(workerId), leaseDurationMs, executionIds.map(toPostgresText), dueAt];
  const rows = await connection.query<ClaimedRow>(
    executionId === undefined
      ? {
          name: "claim_among",
          text: connection.textOf("claim_among", () => claimStatement(connection.schema, SELECT_AMONG)),
          values: [...own, limit, offers?.map(toPostgresText) ?? null],
        }
      : {
          name: "claim_one",
          text: connection.textOf("claim_one", () => claimStatement(connection.schema, SELECT_ONE)),
          values: own,
        },
  );
  return rows.map(toClaimedExecution);
}

/** Those that no limit may hold back: they need not be counted, so no other claim has to wait for this one. */
const SELECT_AMONG = `SELECT e.key, e.owner, e.has_news FROM {schema}.executions e
  WHERE e.id = ANY ($3::text[]) AND ${IS_READY}
    AND e.concurrency_digest IS NULL AND e.rate_digest IS NULL
    AND ($6::text[] IS NULL OR e.requires <@ $6::text[])
  ORDER BY e.priority DESC, e.key LIMIT $5::integer FOR NO KEY UPDATE SKIP LOCKED`;

/** Unless somebody who lives has it. A worker whose row is locked is giving a sign of life at this moment. */
const SELECT_ONE = `SELECT e.key, e.owner, e.has_news FROM {schema}.executions e
  WHERE e.id = ANY ($3::text[]) AND e.ended_at IS NULL AND (e.blocked IS NULL OR e.is_parked)
    AND $4::double precision IS NOT NULL
    AND (e.owner IS NULL OR e.owner IN (
      SELECT w.id FROM {schema}.workers w
      WHERE w.id IN (SELECT o.owner FROM {schema}.executions o WHERE o.id = ANY ($3::text[]))
        AND (w.is_dead OR w.lease_ends_at <= extract(epoch FROM clock_timestamp()) * 1000)
      FOR NO KEY UPDATE OF w SKIP LOCKED))
  FOR NO KEY UPDATE OF e`;
