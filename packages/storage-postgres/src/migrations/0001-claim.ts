/**
 * Claims. One claim at a time, so that limits and fair shares are counted exactly; it lasts milliseconds, and a worker
 * that finds nothing waits for nobody.
 *
 * A tenant's share at a candidate's turn is what it runs now plus what it gets before that candidate: the order is then
 * that of choosing again after each claim. Where a limit filled up on the way, the rest is gathered again.
 */
export const CLAIM = `
CREATE FUNCTION {schema}.claim(p_worker text, p_limit integer, p_lease_ms double precision,
  p_due_at double precision, p_offers text[])
RETURNS SETOF {schema}.execution_rows
LANGUAGE plpgsql
SET jit = off
SET enable_seqscan = off
AS $function$
DECLARE
  v_gone text[];
  v_left integer := p_limit;
  v_keys bigint[] := '{}';
  v_lost text[] := '{}';
  v_running jsonb;
  v_was_refused boolean;
  v_has_claimed boolean;
  v_next record;
BEGIN
  INSERT INTO {schema}.workers AS w (id, lease_ends_at)
  VALUES (p_worker, extract(epoch FROM clock_timestamp()) * 1000 + p_lease_ms)
  ON CONFLICT (id) DO UPDATE SET lease_ends_at = excluded.lease_ends_at WHERE NOT w.is_dead;
  IF NOT FOUND OR p_limit < 1 THEN RETURN; END IF;

  IF NOT EXISTS (SELECT FROM {schema}.executions e
      WHERE e.owner IS NULL AND NOT e.is_parked AND e.blocked IS NULL AND e.ended_at IS NULL)
    AND NOT EXISTS (SELECT FROM {schema}.executions e
      WHERE e.is_parked AND e.owner IS NULL AND e.ended_at IS NULL AND e.wake_at <= p_due_at)
    AND NOT EXISTS (SELECT FROM {schema}.executions e WHERE e.has_news AND e.ended_at IS NULL AND e.owner IS NULL)
    AND NOT EXISTS (SELECT FROM {schema}.workers w
      WHERE (w.is_dead OR w.lease_ends_at <= extract(epoch FROM clock_timestamp()) * 1000)
        AND EXISTS (SELECT FROM {schema}.executions e WHERE e.owner = w.id AND e.ended_at IS NULL))
  THEN RETURN; END IF;

  PERFORM pg_advisory_xact_lock(hashtext('{schema}.claim'), 0);
  -- A worker whose row is locked is giving a sign of life at this moment.
  SELECT coalesce(array_agg(g.id), '{}') INTO v_gone FROM (
    SELECT w.id FROM {schema}.workers w
    WHERE (w.is_dead OR w.lease_ends_at <= extract(epoch FROM clock_timestamp()) * 1000)
      AND EXISTS (SELECT FROM {schema}.executions e WHERE e.owner = w.id AND e.ended_at IS NULL)
    FOR NO KEY UPDATE OF w SKIP LOCKED) g;

  LOOP
    v_was_refused := false;
    v_has_claimed := false;
    SELECT coalesce(jsonb_object_agg(r.concurrency_digest, r.count), '{}') INTO v_running FROM (
      SELECT e.concurrency_digest, count(*) FROM {schema}.executions e
      WHERE e.concurrency_digest IS NOT NULL AND e.status = 'running' GROUP BY 1) r;
    FOR v_next IN
      WITH RECURSIVE tenants AS (
        (SELECT e.tenant_digest FROM {schema}.executions e
          WHERE e.owner IS NULL AND NOT e.is_parked AND e.blocked IS NULL AND e.ended_at IS NULL
          ORDER BY e.tenant_digest LIMIT 1)
        UNION ALL
        SELECT (SELECT e.tenant_digest FROM {schema}.executions e
          WHERE e.owner IS NULL AND NOT e.is_parked AND e.blocked IS NULL AND e.ended_at IS NULL
            AND e.tenant_digest > t.tenant_digest
          ORDER BY e.tenant_digest LIMIT 1)
        FROM tenants t WHERE t.tenant_digest IS NOT NULL
      ), shares AS MATERIALIZED (
        SELECT e.tenant_digest, count(*) AS running FROM {schema}.executions e WHERE e.status = 'running' GROUP BY 1
      ), candidates AS (
        SELECT ready.* FROM tenants t CROSS JOIN LATERAL (
          SELECT e.key, e.epoch, e.owner, e.tenant_digest, e.priority, e.status, e.is_parked, e.started_at,
            e.concurrency_digest, e.concurrency_limit, e.rate_digest, e.rate_count, e.rate_per_ms
          FROM {schema}.executions e
          WHERE e.owner IS NULL AND NOT e.is_parked AND e.blocked IS NULL AND e.ended_at IS NULL
            AND e.tenant_digest = t.tenant_digest
            AND (p_offers IS NULL OR e.requires <@ p_offers)
            AND (e.status <> 'queued' OR (
              (e.concurrency_digest IS NULL
                OR coalesce((v_running ->> e.concurrency_digest::text)::integer, 0) < e.concurrency_limit)
              AND (e.rate_digest IS NULL OR e.started_at IS NOT NULL OR (
                SELECT count(*) FROM {schema}.executions r
                WHERE r.rate_digest = e.rate_digest AND r.started_at > p_due_at - e.rate_per_ms) < e.rate_count)))
          ORDER BY e.priority DESC, e.key LIMIT v_left) ready
        UNION ALL
        SELECT e.key, e.epoch, e.owner, e.tenant_digest, e.priority, e.status, e.is_parked, e.started_at,
          e.concurrency_digest, e.concurrency_limit, e.rate_digest, e.rate_count, e.rate_per_ms
        FROM {schema}.executions e
        WHERE e.is_parked AND e.owner IS NULL AND e.ended_at IS NULL AND (e.has_news OR e.wake_at <= p_due_at)
          AND (p_offers IS NULL OR e.requires <@ p_offers)
          AND (e.status = 'running' OR e.concurrency_digest IS NULL
            OR coalesce((v_running ->> e.concurrency_digest::text)::integer, 0) < e.concurrency_limit)
        UNION ALL
        SELECT e.key, e.epoch, e.owner, e.tenant_digest, e.priority, e.status, e.is_parked, e.started_at,
          e.concurrency_digest, e.concurrency_limit, e.rate_digest, e.rate_count, e.rate_per_ms
        FROM {schema}.executions e
        WHERE e.owner = ANY (v_gone) AND e.ended_at IS NULL AND (e.blocked IS NULL OR e.is_parked)
          AND (p_offers IS NULL OR e.requires <@ p_offers)
      )
      SELECT a.*, a.status = 'queued' OR (a.is_parked AND a.status <> 'running') AS takes_place,
        coalesce(s.running, 0)
        + count(*) FILTER (WHERE a.status = 'queued' OR (a.is_parked AND a.status <> 'running')) OVER (
            PARTITION BY a.tenant_digest ORDER BY a.priority DESC, a.key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
          AS share
      FROM candidates a LEFT JOIN shares s ON s.tenant_digest = a.tenant_digest
      ORDER BY a.priority DESC, share, a.key
    LOOP
      EXIT WHEN v_left = 0;
      IF v_next.takes_place AND (v_next.concurrency_digest IS NOT NULL OR v_next.rate_digest IS NOT NULL) AND (
        (SELECT count(*) FROM {schema}.executions r
          WHERE r.concurrency_digest = v_next.concurrency_digest AND r.status = 'running') >= v_next.concurrency_limit
        OR (v_next.started_at IS NULL AND (SELECT count(*) FROM {schema}.executions r
          WHERE r.rate_digest = v_next.rate_digest AND r.started_at > p_due_at - v_next.rate_per_ms) >= v_next.rate_count))
      THEN
        v_was_refused := true;
        CONTINUE;
      END IF;
      PERFORM FROM {schema}.executions e
      WHERE e.key = v_next.key AND e.ended_at IS NULL AND e.epoch = v_next.epoch AND e.owner IS NOT DISTINCT FROM v_next.owner
      FOR NO KEY UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      UPDATE {schema}.executions e SET
        owner = p_worker,
        epoch = e.epoch + 1,
        crashes = CASE WHEN e.owner IS NULL THEN e.crashes ELSE e.crashes + 1 END,
        status = CASE WHEN e.status = 'queued' OR e.is_parked THEN 'running' ELSE e.status END,
        started_at = CASE WHEN e.status = 'queued' OR e.is_parked THEN coalesce(e.started_at, p_due_at)
          ELSE e.started_at END,
        is_parked = false,
        wake_at = NULL,
        has_news = false
      WHERE e.key = v_next.key;
      v_keys := v_keys || v_next.key;
      IF v_next.owner IS NOT NULL THEN v_lost := v_lost || v_next.owner; END IF;
      v_left := v_left - 1;
      v_has_claimed := true;
    END LOOP;
    EXIT WHEN v_left = 0 OR NOT v_was_refused OR NOT v_has_claimed;
  END LOOP;

  UPDATE {schema}.workers w SET is_dead = true WHERE w.id = ANY (v_lost) AND NOT w.is_dead;
  RETURN QUERY SELECT r.* FROM unnest(v_keys) WITH ORDINALITY AS k(key, place)
    JOIN {schema}.execution_rows r ON r.key = k.key ORDER BY k.place;
END
$function$;
`;
