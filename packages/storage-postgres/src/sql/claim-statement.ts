import { RECORD_COLUMNS } from "../rows/execution-row.js";

/**
 * Claims what `selectChosen` selects (`key`, `owner` and `has_news`, locked) for the worker `$1`, whose lease lasts `$2` milliseconds
 * from now, at the instant `$4` of the engine: the same writes as in the function `claim` of the schema.
 */
export function claimStatement(schema: string, selectChosen: string): string {
  return `
    WITH alive AS (
      INSERT INTO {schema}.workers AS w (id, lease_ends_at)
      VALUES ($1, extract(epoch FROM clock_timestamp()) * 1000 + $2::double precision)
      ON CONFLICT (id) DO UPDATE SET lease_ends_at = excluded.lease_ends_at WHERE NOT w.is_dead
      RETURNING w.id
    ), chosen AS MATERIALIZED (${selectChosen}), declared_dead AS (
      UPDATE {schema}.workers w SET is_dead = true
      FROM chosen c WHERE w.id = c.owner AND NOT w.is_dead AND EXISTS (SELECT FROM alive)
    ), claimed AS (
      UPDATE {schema}.executions e SET
        owner = $1,
        epoch = e.epoch + 1,
        crashes = CASE WHEN e.owner IS NULL THEN e.crashes ELSE e.crashes + 1 END,
        status = CASE WHEN e.status = 'queued' OR e.is_parked THEN 'running' ELSE e.status END,
        started_at = CASE WHEN e.status = 'queued' OR e.is_parked THEN coalesce(e.started_at, $4) ELSE e.started_at END,
        is_parked = false,
        wake_at = NULL,
        has_news = false
      FROM chosen c WHERE e.key = c.key AND EXISTS (SELECT FROM alive)
      RETURNING e.*, c.has_news AS had_news
    )
    SELECT ${RECORD_COLUMNS}, may_have_unread FROM (
      SELECT c.*, coalesce((SELECT m.last_seq FROM {schema}.commits m WHERE m.execution_key = c.key
        ORDER BY m.last_seq DESC, m.number DESC LIMIT 1), 0) AS last_seq,
        -- What came while a row was waited for is not seen here, but it was news of the row.
        c.had_news OR EXISTS (SELECT FROM {schema}.inbox x WHERE x.execution_key = c.key AND NOT x.is_read)
          AS may_have_unread
      FROM claimed c) r
    ORDER BY priority DESC, key`.replaceAll("{schema}", schema);
}
