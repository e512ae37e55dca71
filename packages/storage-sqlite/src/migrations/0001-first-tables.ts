import { type Kysely, type Migration, sql } from "kysely";

/**
 * Everything has the prefix `automatrix_`, so that tables of the host can live in the same file.
 *
 * `is_ready` and `lane` say, in one place, what may be claimed: `is_ready` when nobody owns it and nothing keeps it;
 * executions in the same `lane` are held back, or not, by the very same things (tenant, tags, limits).
 */
const STATEMENTS: readonly string[] = [
  `CREATE TABLE automatrix_executions (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT,
    has_news INTEGER NOT NULL,
    is_parked INTEGER NOT NULL,
    wake_at INTEGER,
    cancel_requested_at INTEGER,
    cancel_reason TEXT,
    priority INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    parked_ms INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    tenant TEXT,
    workflow_id TEXT,
    workflow_name TEXT,
    workflow_version INTEGER,
    definition_hash TEXT NOT NULL,
    idempotency_key TEXT,
    concurrency_key TEXT,
    limit_key TEXT,
    rate_key TEXT,
    limits TEXT,
    requires TEXT,
    parent_id TEXT,
    parent_path TEXT,
    retry_of TEXT,
    replay_of TEXT,
    start_trigger TEXT,
    blocked TEXT,
    node_types TEXT NOT NULL,
    metadata TEXT NOT NULL,
    error TEXT,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    mocks TEXT,
    is_ready INTEGER GENERATED ALWAYS AS (
      ended_at IS NULL AND owner IS NULL
      AND ((is_parked = 0 AND blocked IS NULL) OR (is_parked = 1 AND has_news = 1))
    ) VIRTUAL,
    lane TEXT GENERATED ALWAYS AS (json_array(
      tenant,
      requires,
      CASE WHEN limits IS NOT NULL AND (status = 'queued' OR (is_parked = 1 AND status <> 'running'))
        THEN json_array(limits, started_at IS NULL) END
    )) VIRTUAL
  )`,
  "CREATE UNIQUE INDEX automatrix_executions_id ON automatrix_executions (id)",
  `CREATE UNIQUE INDEX automatrix_executions_idempotency_key ON automatrix_executions (idempotency_key)
    WHERE idempotency_key IS NOT NULL`,
  // Claiming.
  "CREATE INDEX automatrix_executions_ready ON automatrix_executions (priority DESC, lane) WHERE is_ready = 1",
  `CREATE INDEX automatrix_executions_asleep ON automatrix_executions (has_news, wake_at)
    WHERE is_parked = 1 AND wake_at IS NOT NULL`,
  `CREATE INDEX automatrix_executions_owner ON automatrix_executions (owner)
    WHERE owner IS NOT NULL AND ended_at IS NULL`,
  "CREATE INDEX automatrix_executions_news ON automatrix_executions (owner) WHERE has_news = 1 AND is_parked = 0",
  // Counting.
  `CREATE INDEX automatrix_executions_running_tenant ON automatrix_executions (tenant)
    WHERE status = 'running' AND tenant IS NOT NULL`,
  `CREATE INDEX automatrix_executions_limit ON automatrix_executions (limit_key, status)
    WHERE limit_key IS NOT NULL`,
  `CREATE INDEX automatrix_executions_rate ON automatrix_executions (rate_key, started_at)
    WHERE rate_key IS NOT NULL`,
  // Listing, the newest first; each index ends with the ordinal.
  "CREATE INDEX automatrix_executions_status ON automatrix_executions (status)",
  "CREATE INDEX automatrix_executions_tenant ON automatrix_executions (tenant) WHERE tenant IS NOT NULL",
  "CREATE INDEX automatrix_executions_workflow ON automatrix_executions (workflow_id) WHERE workflow_id IS NOT NULL",
  "CREATE INDEX automatrix_executions_parent ON automatrix_executions (parent_id) WHERE parent_id IS NOT NULL",
  "CREATE INDEX automatrix_executions_ended ON automatrix_executions (ended_at) WHERE ended_at IS NOT NULL",
  // One row for all that an execution wrote at one moment. Rows lie in order of writing, whatever their execution, so
  // that a batch touches few pages. Commits without events share the last one's number.
  `CREATE TABLE automatrix_commits (
    ordinal INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    nodes TEXT,
    steps TEXT,
    events TEXT
  )`,
  "CREATE UNIQUE INDEX automatrix_commits_execution ON automatrix_commits (execution, last_seq, part)",
  `CREATE TABLE automatrix_waits (
    execution INTEGER NOT NULL,
    node_path TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (execution, node_path)
  ) WITHOUT ROWID`,
  // Read items stay while their key has to be known.
  `CREATE TABLE automatrix_inbox (
    ordinal INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT,
    at INTEGER NOT NULL,
    is_read INTEGER NOT NULL,
    payload TEXT NOT NULL
  )`,
  "CREATE UNIQUE INDEX automatrix_inbox_id ON automatrix_inbox (execution, id)",
  "CREATE UNIQUE INDEX automatrix_inbox_key ON automatrix_inbox (execution, kind, name, key) WHERE key IS NOT NULL",
  `CREATE TABLE automatrix_workers (
    id TEXT PRIMARY KEY,
    lease_until INTEGER NOT NULL,
    is_dead INTEGER NOT NULL
  ) WITHOUT ROWID`,
  "CREATE TABLE automatrix_definitions (hash TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE automatrix_workflows (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    name TEXT,
    created_at INTEGER NOT NULL,
    definition TEXT NOT NULL
  )`,
  "CREATE UNIQUE INDEX automatrix_workflows_version ON automatrix_workflows (id, version)",
  "CREATE INDEX automatrix_workflows_first ON automatrix_workflows (ordinal) WHERE version = 1",
  `CREATE TABLE automatrix_schedules (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    tenant TEXT,
    is_paused INTEGER NOT NULL,
    next_due_at INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    record TEXT NOT NULL
  )`,
  "CREATE UNIQUE INDEX automatrix_schedules_id ON automatrix_schedules (id)",
  `CREATE INDEX automatrix_schedules_due ON automatrix_schedules (next_due_at)
    WHERE is_paused = 0 AND next_due_at IS NOT NULL`,
  "CREATE INDEX automatrix_schedules_created ON automatrix_schedules (created_at)",
  `CREATE TABLE automatrix_fires (
    schedule_id TEXT NOT NULL,
    fire_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    execution_id TEXT,
    reason TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, fire_at)
  ) WITHOUT ROWID`,
  "CREATE INDEX automatrix_fires_status ON automatrix_fires (status, fire_at)",
  "CREATE INDEX automatrix_fires_time ON automatrix_fires (fire_at)",
];

export const firstTables: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(database);
  },
};
