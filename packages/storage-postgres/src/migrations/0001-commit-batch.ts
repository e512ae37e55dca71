/**
 * Writes one batch. Arrays are parallel, one element a commit; the JSON lists name their commit by `i`, its place from 1.
 * Flags: 1 the commit completes its execution, 2 parks it, 4 creates it, 8 ends it.
 *
 * Every lock is taken in the same order by every batch: first the buckets of idempotency keys, then rows by id. A
 * function and not one statement of many parts, because each statement inside sees what was committed while the locks
 * were waited for: a batch sent again finds what its first sending wrote.
 *
 * Answers one row for the whole batch: the first numbers, joined by commas; the outcomes the same way, or null when all
 * were written; by place, the executions that exist in place of refused ones.
 */
export const COMMIT_BATCH = `
CREATE FUNCTION {schema}.commit_batch(
  p_ids text[], p_epochs bigint[], p_after_seqs bigint[], p_event_counts integer[], p_flags integer[],
  p_events text[], p_nodes text[], p_steps text[],
  p_row_locks text[], p_key_locks integer[], p_known_places bigint[], p_known_items uuid[],
  p_creates jsonb, p_patches jsonb, p_waits jsonb, p_ended_waits jsonb, p_read_inbox jsonb, p_delivers jsonb)
RETURNS TABLE (first_seqs text, outcomes text, existing_ids jsonb)
LANGUAGE plpgsql
-- Plans are made once a connection, often before there are statistics: without these they may read whole tables for good.
SET jit = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  v_created text[];
  v_refused bigint[];
  v_refusals text[];
  v_existing text[];
  v_keys bigint[];
  v_outcomes text[];
  v_first_seqs bigint[];
BEGIN
  IF p_key_locks IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('{schema}.key'), bucket) FROM unnest(p_key_locks) AS bucket;
  END IF;
  PERFORM FROM {schema}.executions e WHERE e.id = ANY (coalesce(p_row_locks, p_ids)) ORDER BY e.id FOR NO KEY UPDATE;

  IF p_creates IS NOT NULL THEN
    WITH inserted AS (
      INSERT INTO {schema}.executions (id, fixed, status, workflow_digest, workflow_version, definition_hash,
        tenant_digest, priority, idempotency_digest, parent_id, input, output, mocks, node_types, error, blocked,
        cancel_requested, started_at, ended_at, parked_ms, epoch, owner, crashes, requires, is_parked, wake_at,
        concurrency_digest, concurrency_limit, rate_digest, rate_count, rate_per_ms)
      SELECT c.id, c.fixed, c.status, c.workflow_digest, c.workflow_version, c.definition_hash,
        c.tenant_digest, coalesce(c.priority, 0), c.idempotency_digest, c.parent_id, c.input, c.output, c.mocks,
        c.node_types, c.error, c.blocked, c.cancel_requested, c.started_at, c.ended_at, coalesce(c.parked_ms, 0),
        c.epoch, c.owner, coalesce(c.crashes, 0), c.requires, c.is_parked, c.wake_at,
        c.concurrency_digest, c.concurrency_limit, c.rate_digest, c.rate_count, c.rate_per_ms
      FROM jsonb_to_recordset(p_creates) AS c(i bigint, id text, fixed text, status text, workflow_digest uuid,
        workflow_version double precision, definition_hash text, tenant_digest uuid, priority double precision,
        idempotency_digest uuid, parent_id text, input text, output text, mocks text, node_types text, error text,
        blocked text, cancel_requested text, started_at double precision, ended_at double precision,
        parked_ms double precision, epoch bigint, owner text, crashes double precision, requires text[],
        is_parked boolean, wake_at double precision, concurrency_digest uuid, concurrency_limit double precision,
        rate_digest uuid, rate_count double precision, rate_per_ms double precision, refuse_at_limit boolean)
      WHERE NOT coalesce(c.refuse_at_limit AND (
          SELECT count(*) FROM {schema}.executions r
          WHERE r.concurrency_digest = c.concurrency_digest AND r.status IN ('queued', 'running')
        ) >= c.concurrency_limit, false)
      ORDER BY c.i
      ON CONFLICT DO NOTHING
      RETURNING id
    )
    SELECT array_agg(id) INTO v_created FROM inserted;
    IF cardinality(v_created) IS DISTINCT FROM jsonb_array_length(p_creates) THEN
      SELECT array_agg(c.i),
        array_agg(CASE
          WHEN twin.id IS NULL AND other.id IS NULL THEN 'limit_reached'
          WHEN twin.owner IS NOT DISTINCT FROM c.owner AND twin.epoch = c.epoch AND p_after_seqs[c.i] = 0 THEN 'again'
          ELSE 'duplicate' END),
        array_agg(coalesce(twin.id, other.id))
      INTO v_refused, v_refusals, v_existing
      FROM jsonb_to_recordset(p_creates) AS c(i bigint, id text, owner text, epoch bigint, idempotency_digest uuid)
      LEFT JOIN {schema}.executions twin ON twin.id = c.id
      LEFT JOIN {schema}.executions other ON other.idempotency_digest = c.idempotency_digest
      WHERE c.id <> ALL (coalesce(v_created, '{}'));
    END IF;
  END IF;

  WITH state AS MATERIALIZED (
    SELECT b.place, b.events, b.nodes, b.steps, b.event_count, b.flags, e.key,
      coalesce(l.last_seq, 0) AS last_seq, coalesce(l.number, -1) AS number,
      CASE
        WHEN b.flags & 4 <> 0 AND b.place = ANY (v_refused) THEN 'refused'
        WHEN b.flags & 4 = 0 AND (e.key IS NULL OR e.epoch <> b.epoch) THEN 'lease_lost'
        WHEN b.flags & 4 = 0 AND l.last_seq > b.after_seq THEN 'again'
        WHEN b.flags & 3 <> 0 AND e.cancel_requested IS NOT NULL THEN 'cancel_requested'
        WHEN b.flags & 2 <> 0 AND EXISTS (
          SELECT FROM {schema}.inbox x WHERE x.execution_key = e.key AND NOT x.is_read
            AND NOT EXISTS (SELECT FROM unnest(p_known_places, p_known_items) AS k(place, item)
              WHERE k.place = b.place AND k.item = x.item_digest)) THEN 'inbox_unread'
        ELSE 'ok' END AS outcome,
      b.after_seq
    FROM unnest(p_ids, p_epochs, p_after_seqs, p_event_counts, p_flags, p_events, p_nodes, p_steps) WITH ORDINALITY
      AS b(id, epoch, after_seq, event_count, flags, events, nodes, steps, place)
    LEFT JOIN {schema}.executions e ON e.id = b.id
    LEFT JOIN LATERAL (
      SELECT c.last_seq, c.number FROM {schema}.commits c WHERE c.execution_key = e.key
      ORDER BY c.last_seq DESC, c.number DESC LIMIT 1) l ON true
  ), written AS (
    INSERT INTO {schema}.commits (execution_key, last_seq, number, events, nodes, steps)
    SELECT key, last_seq + event_count, number + 1, events, nodes, steps FROM state
    WHERE outcome = 'ok' AND (event_count > 0 OR nodes IS NOT NULL OR steps IS NOT NULL)
  )
  SELECT array_agg(CASE WHEN outcome = 'ok' THEN key ELSE 0 END),
    array_agg(outcome),
    array_agg(CASE outcome WHEN 'again' THEN after_seq WHEN 'refused' THEN 0 ELSE last_seq END + 1)
  INTO v_keys, v_outcomes, v_first_seqs
  FROM (SELECT * FROM state ORDER BY place) ordered;

  IF p_patches IS NOT NULL THEN
    UPDATE {schema}.executions e SET
      status = CASE WHEN p ? 'status' THEN p ->> 'status' ELSE e.status END,
      output = CASE WHEN p ? 'output' THEN p ->> 'output' ELSE e.output END,
      error = CASE WHEN p ? 'error' THEN p ->> 'error' ELSE e.error END,
      blocked = CASE WHEN p ? 'blocked' THEN p ->> 'blocked' ELSE e.blocked END,
      started_at = CASE WHEN p ? 'started_at' THEN (p ->> 'started_at')::double precision ELSE e.started_at END,
      ended_at = CASE WHEN p ? 'ended_at' THEN (p ->> 'ended_at')::double precision ELSE e.ended_at END,
      parked_ms = coalesce((p ->> 'parked_ms')::double precision, e.parked_ms),
      workflow_version = CASE WHEN p ? 'workflow_version' THEN (p ->> 'workflow_version')::double precision
        ELSE e.workflow_version END,
      definition_hash = coalesce(p ->> 'definition_hash', e.definition_hash),
      crashes = coalesce((p ->> 'crashes')::double precision, e.crashes),
      requires = CASE WHEN p ? 'requires' THEN ARRAY(SELECT jsonb_array_elements_text(p -> 'requires'))
        ELSE e.requires END,
      -- Whoever parks knows all that came: nothing is news.
      owner = CASE WHEN p ? 'parks' THEN NULL ELSE e.owner END,
      is_parked = e.is_parked OR p ? 'parks',
      wake_at = CASE WHEN p ? 'parks' THEN (p ->> 'wake_at')::double precision ELSE e.wake_at END,
      has_news = e.has_news AND NOT p ? 'parks'
    FROM (SELECT v_keys[(x ->> 'i')::integer] AS key, x AS p FROM jsonb_array_elements(p_patches) AS x) q
    WHERE e.key = q.key;
  END IF;

  IF p_waits IS NOT NULL THEN
    INSERT INTO {schema}.waits (execution_key, path_digest, ordinal, record)
    SELECT v_keys[w.i], w.path_digest, w.ordinal, w.record
    FROM jsonb_to_recordset(p_waits) AS w(i integer, path_digest uuid, ordinal double precision, record text)
    WHERE v_keys[w.i] <> 0
    ON CONFLICT (execution_key, path_digest) DO UPDATE SET ordinal = excluded.ordinal, record = excluded.record;
  END IF;
  IF p_ended_waits IS NOT NULL THEN
    DELETE FROM {schema}.waits w USING jsonb_to_recordset(p_ended_waits) AS d(i integer, path_digest uuid)
    WHERE w.execution_key = v_keys[d.i] AND w.path_digest = d.path_digest;
  END IF;
  IF p_read_inbox IS NOT NULL THEN
    DELETE FROM {schema}.inbox x USING jsonb_to_recordset(p_read_inbox) AS d(i integer, item_digest uuid)
    WHERE x.execution_key = v_keys[d.i] AND x.item_digest = d.item_digest AND x.seen_digest IS NULL;
    UPDATE {schema}.inbox x SET is_read = true, record = ''
    FROM jsonb_to_recordset(p_read_inbox) AS d(i integer, item_digest uuid)
    WHERE x.execution_key = v_keys[d.i] AND x.item_digest = d.item_digest AND NOT x.is_read;
  END IF;
  IF 8 <= ANY (p_flags) THEN
    DELETE FROM {schema}.inbox x USING unnest(v_keys, p_flags) AS d(key, flags)
    WHERE d.flags & 8 <> 0 AND x.execution_key = d.key AND x.seen_digest IS NULL;
    UPDATE {schema}.inbox x SET is_read = true, record = '' FROM unnest(v_keys, p_flags) AS d(key, flags)
    WHERE d.flags & 8 <> 0 AND x.execution_key = d.key AND NOT x.is_read;
  END IF;
  IF p_delivers IS NOT NULL THEN
    WITH delivered AS (
      INSERT INTO {schema}.inbox (execution_key, item_digest, seen_digest, record)
      SELECT e.key, d.item_digest, d.seen_digest, d.record
      FROM jsonb_to_recordset(p_delivers) AS d(i integer, id text, item_digest uuid, seen_digest uuid, record text)
      JOIN {schema}.executions e ON e.id = d.id AND e.ended_at IS NULL
      WHERE v_keys[d.i] <> 0
      ON CONFLICT DO NOTHING
      RETURNING execution_key
    )
    UPDATE {schema}.executions e SET has_news = true FROM (SELECT DISTINCT execution_key FROM delivered) d
    WHERE e.key = d.execution_key;
  END IF;

  FOR v_index IN 1 .. coalesce(cardinality(v_refused), 0) LOOP
    v_outcomes[v_refused[v_index]] := v_refusals[v_index];
  END LOOP;
  RETURN QUERY SELECT array_to_string(v_first_seqs, ','),
    CASE WHEN 'ok' = ALL (v_outcomes) THEN NULL ELSE array_to_string(v_outcomes, ',') END,
    CASE WHEN v_refused IS NULL THEN NULL ELSE
      (SELECT jsonb_object_agg(r.place, r.existing_id) FROM unnest(v_refused, v_existing) AS r(place, existing_id)) END;
END
$function$;
`;
