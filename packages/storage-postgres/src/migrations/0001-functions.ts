/** Puts one item in an inbox under the lock of its execution's row. */
export const ADD_TO_INBOX = `
CREATE FUNCTION {schema}.add_to_inbox(p_id text, p_item_digest uuid, p_seen_digest uuid, p_record text,
  p_max_unread double precision)
RETURNS text
LANGUAGE plpgsql
AS $function$
DECLARE
  v_execution record;
BEGIN
  SELECT e.key, e.ended_at INTO v_execution FROM {schema}.executions e WHERE e.id = p_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  IF EXISTS (SELECT FROM {schema}.inbox x WHERE x.execution_key = v_execution.key AND x.seen_digest = p_seen_digest)
  THEN RETURN 'duplicate'; END IF;
  IF v_execution.ended_at IS NOT NULL THEN RETURN 'ended'; END IF;
  IF (SELECT count(*) FROM {schema}.inbox x WHERE x.execution_key = v_execution.key AND NOT x.is_read) >= p_max_unread
  THEN RETURN 'full'; END IF;
  INSERT INTO {schema}.inbox (execution_key, item_digest, seen_digest, record)
  VALUES (v_execution.key, p_item_digest, p_seen_digest, p_record)
  ON CONFLICT DO NOTHING;
  UPDATE {schema}.executions e SET has_news = true WHERE e.key = v_execution.key AND NOT e.has_news;
  RETURN 'added';
END
$function$;
`;

/** Saves a version under the lock of its workflow's row. */
export const SAVE_WORKFLOW = `
CREATE FUNCTION {schema}.save_workflow(p_id_digest uuid, p_hash text, p_record text)
RETURNS TABLE (version integer, record text)
LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
  v_key bigint;
  v_newest record;
BEGIN
  INSERT INTO {schema}.workflows AS w (id_digest) VALUES (p_id_digest)
  ON CONFLICT (id_digest) DO UPDATE SET id_digest = excluded.id_digest RETURNING w.key INTO v_key;
  SELECT v.version, v.hash, v.record INTO v_newest FROM {schema}.workflow_versions v
  WHERE v.workflow_key = v_key ORDER BY v.version DESC LIMIT 1;
  IF v_newest.hash = p_hash THEN
    RETURN QUERY SELECT v_newest.version, v_newest.record;
    RETURN;
  END IF;
  RETURN QUERY INSERT INTO {schema}.workflow_versions AS v (workflow_key, version, hash, record)
    VALUES (v_key, coalesce(v_newest.version, 0) + 1, p_hash, p_record) RETURNING v.version, v.record;
END
$function$;
`;

/** Takes slots of a schedule and forgets the oldest settled ones beyond a thousand. */
export const TAKE_FIRES = `
CREATE FUNCTION {schema}.take_fires(p_schedule uuid, p_revision bigint, p_fires jsonb,
  p_next_fire_at double precision, p_next_due_at double precision)
RETURNS boolean
LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM FROM {schema}.schedules s WHERE s.id_digest = p_schedule AND s.revision = p_revision FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF EXISTS (SELECT FROM jsonb_to_recordset(p_fires) AS f(fire_at double precision)
    JOIN {schema}.fires x ON x.schedule_digest = p_schedule AND x.fire_at = f.fire_at) THEN RETURN false; END IF;
  INSERT INTO {schema}.fires (schedule_digest, fire_at, status, record)
  SELECT p_schedule, f.fire_at, f.status, f.record
  FROM jsonb_to_recordset(p_fires) AS f(fire_at double precision, status text, record text);
  UPDATE {schema}.schedules s SET revision = s.revision + 1, next_fire_at = p_next_fire_at, next_due_at = p_next_due_at
  WHERE s.id_digest = p_schedule;
  DELETE FROM {schema}.fires x WHERE x.schedule_digest = p_schedule AND x.status NOT IN ('pending', 'buffered')
    AND x.fire_at < (SELECT y.fire_at FROM {schema}.fires y WHERE y.schedule_digest = p_schedule
      ORDER BY y.fire_at DESC OFFSET 999 LIMIT 1);
  RETURN true;
END
$function$;
`;
