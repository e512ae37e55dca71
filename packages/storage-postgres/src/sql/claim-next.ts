import type { ClaimedExecution, Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { type ClaimedRow, toClaimedExecution } from "../rows/execution-row.js";
import { toPostgresText } from "../rows/text.js";
import { claimStatement } from "./claim-statement.js";

const IS_READY = "e.owner IS NULL AND NOT e.is_parked AND e.blocked IS NULL AND e.ended_at IS NULL";

/**
 * The next in line where the line is simple: one tenant's, nothing in it with a limit, nothing parked that is due or has
 * news, nobody dead. Then there is no share and no limit to count, and no other claim has to wait for this one. Nothing
 * where the line is not simple.
 */
const SELECT_NEXT = `SELECT n.key, n.owner, n.has_news FROM (
    SELECT next.*, bool_or(next.is_limited) OVER () AS is_any_limited FROM (
      SELECT e.key, e.owner, e.has_news, e.concurrency_digest IS NOT NULL OR e.rate_digest IS NOT NULL AS is_limited
      FROM {schema}.executions e
      WHERE ${IS_READY}
        AND e.tenant_digest = (SELECT e.tenant_digest FROM {schema}.executions e
          WHERE ${IS_READY} ORDER BY e.tenant_digest LIMIT 1)
        AND e.tenant_digest = (SELECT e.tenant_digest FROM {schema}.executions e
          WHERE ${IS_READY} ORDER BY e.tenant_digest DESC LIMIT 1)
        AND ($5::text[] IS NULL OR e.requires <@ $5::text[])
        AND NOT EXISTS (SELECT FROM {schema}.executions e
          WHERE e.is_parked AND e.owner IS NULL AND e.ended_at IS NULL AND e.wake_at <= $4)
        AND NOT EXISTS (SELECT FROM {schema}.executions e WHERE e.has_news AND e.ended_at IS NULL AND e.owner IS NULL)
        AND NOT EXISTS (SELECT FROM {schema}.workers w
          WHERE (w.is_dead OR w.lease_ends_at <= extract(epoch FROM clock_timestamp()) * 1000)
            AND EXISTS (SELECT FROM {schema}.executions e WHERE e.owner = w.id AND e.ended_at IS NULL))
      ORDER BY e.tenant_digest, e.priority DESC, e.key LIMIT $3::integer FOR NO KEY UPDATE OF e SKIP LOCKED) next) n
  WHERE NOT n.is_any_limited`;

/** Claims the next in line, fewer than asked for or none where deciding that takes more. */
export async function claimNext(
  connection: PostgresConnection,
  { workerId, leaseDurationMs, dueAt, limit, offers = null }: Parameters<Storage["claim"]>[0],
): Promise<readonly ClaimedExecution[]> {
  const rows = await connection.query<ClaimedRow>({
    name: "claim_next",
    text: connection.textOf("claim_next", () => claimStatement(connection.schema, SELECT_NEXT)),
    values: [toPostgresText(workerId), leaseDurationMs, limit, dueAt, offers?.map(toPostgresText) ?? null],
  });
  return rows.map(toClaimedExecution);
}
