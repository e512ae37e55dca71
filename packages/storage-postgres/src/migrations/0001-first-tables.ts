import { type Migration, sql } from "kysely";
import { CLAIM } from "./0001-claim.js";
import { COMMIT_BATCH } from "./0001-commit-batch.js";
import { ADD_TO_INBOX, SAVE_WORKFLOW, TAKE_FIRES } from "./0001-functions.js";

/**
 * Instants, counts and priorities are double precision, as JavaScript has them: whatever a host passes has a place.
 * Texts that somebody outside may choose are indexed by digest (see rows/digest.ts). Values are JSON text, never jsonb.
 */
const TABLES = `
CREATE TABLE {schema}.executions (
  key bigint GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" PRIMARY KEY,
  fixed text NOT NULL,
  status text NOT NULL,
  workflow_digest uuid,
  workflow_version double precision,
  definition_hash text NOT NULL,
  tenant_digest uuid NOT NULL,
  priority double precision NOT NULL,
  idempotency_digest uuid,
  parent_id text COLLATE "C",
  input text NOT NULL,
  output text NOT NULL,
  mocks text NOT NULL,
  node_types text NOT NULL,
  error text,
  blocked text,
  cancel_requested text,
  started_at double precision,
  ended_at double precision,
  parked_ms double precision NOT NULL,
  epoch bigint NOT NULL,
  owner text COLLATE "C",
  crashes double precision NOT NULL,
  requires text[] NOT NULL,
  is_parked boolean NOT NULL,
  wake_at double precision,
  has_news boolean NOT NULL DEFAULT false,
  concurrency_digest uuid,
  concurrency_limit double precision,
  rate_digest uuid,
  rate_count double precision,
  rate_per_ms double precision
);

CREATE UNIQUE INDEX executions_key ON {schema}.executions (key);
CREATE UNIQUE INDEX executions_idempotency ON {schema}.executions (idempotency_digest) WHERE idempotency_digest IS NOT NULL;
CREATE INDEX executions_ready ON {schema}.executions (tenant_digest, priority DESC, key)
  WHERE owner IS NULL AND NOT is_parked AND blocked IS NULL AND ended_at IS NULL;
CREATE INDEX executions_parked ON {schema}.executions (wake_at) WHERE is_parked AND owner IS NULL AND ended_at IS NULL;
CREATE INDEX executions_news ON {schema}.executions (owner) WHERE has_news AND ended_at IS NULL;
CREATE INDEX executions_owned ON {schema}.executions (owner) WHERE owner IS NOT NULL AND ended_at IS NULL;
CREATE INDEX executions_running ON {schema}.executions (tenant_digest) WHERE status = 'running';
CREATE INDEX executions_concurrency ON {schema}.executions (concurrency_digest, status) WHERE concurrency_digest IS NOT NULL;
CREATE INDEX executions_rate ON {schema}.executions (rate_digest, started_at) WHERE rate_digest IS NOT NULL;
CREATE INDEX executions_ended ON {schema}.executions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX executions_by_workflow ON {schema}.executions (workflow_digest, key) WHERE workflow_digest IS NOT NULL;
CREATE INDEX executions_by_tenant ON {schema}.executions (tenant_digest, key);
CREATE INDEX executions_by_status ON {schema}.executions (status, key);
CREATE INDEX executions_by_parent ON {schema}.executions (parent_id, key) WHERE parent_id IS NOT NULL;

-- One row a commit: the execution's own row is only locked, not written, while it runs.
CREATE TABLE {schema}.commits (
  execution_key bigint NOT NULL,
  last_seq bigint NOT NULL,
  number integer NOT NULL,
  events text,
  nodes text,
  steps text,
  PRIMARY KEY (execution_key, last_seq, number)
);

CREATE VIEW {schema}.execution_rows AS
  SELECT e.key, e.id, e.fixed, e.status, e.workflow_version, e.definition_hash, e.node_types, e.error, e.blocked,
    e.cancel_requested, e.started_at, e.ended_at, e.parked_ms, e.epoch, e.owner, e.crashes, e.requires, e.is_parked,
    e.wake_at, e.input, e.output, e.mocks, e.workflow_digest, e.tenant_digest, e.parent_id, e.concurrency_digest,
    coalesce((SELECT c.last_seq FROM {schema}.commits c WHERE c.execution_key = e.key
      ORDER BY c.last_seq DESC, c.number DESC LIMIT 1), 0) AS last_seq
  FROM {schema}.executions e;

CREATE TABLE {schema}.waits (
  execution_key bigint NOT NULL,
  path_digest uuid NOT NULL,
  ordinal double precision NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (execution_key, path_digest)
);

-- Items that were read stay, without their content, as long as another with the same key has to be known as a duplicate.
CREATE TABLE {schema}.inbox (
  execution_key bigint NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY,
  item_digest uuid NOT NULL,
  seen_digest uuid,
  is_read boolean NOT NULL DEFAULT false,
  record text NOT NULL,
  PRIMARY KEY (execution_key, number)
);
CREATE UNIQUE INDEX inbox_items ON {schema}.inbox (execution_key, item_digest);
CREATE UNIQUE INDEX inbox_seen ON {schema}.inbox (execution_key, seen_digest) WHERE seen_digest IS NOT NULL;

CREATE TABLE {schema}.workers (
  id text COLLATE "C" PRIMARY KEY,
  lease_ends_at double precision NOT NULL,
  is_dead boolean NOT NULL DEFAULT false
);

CREATE TABLE {schema}.definitions (
  hash_digest uuid PRIMARY KEY,
  definition text NOT NULL
);

CREATE TABLE {schema}.workflows (
  key bigint GENERATED ALWAYS AS IDENTITY,
  id_digest uuid PRIMARY KEY
);
CREATE UNIQUE INDEX workflows_key ON {schema}.workflows (key);

CREATE TABLE {schema}.workflow_versions (
  workflow_key bigint NOT NULL,
  version integer NOT NULL,
  hash text NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (workflow_key, version)
);

CREATE TABLE {schema}.schedules (
  key bigint GENERATED ALWAYS AS IDENTITY,
  id_digest uuid PRIMARY KEY,
  workflow_digest uuid NOT NULL,
  tenant_digest uuid NOT NULL,
  is_paused boolean NOT NULL,
  next_fire_at double precision,
  next_due_at double precision,
  revision bigint NOT NULL,
  created_at double precision NOT NULL,
  record text NOT NULL
);
CREATE INDEX schedules_due ON {schema}.schedules (next_due_at) WHERE NOT is_paused AND next_due_at IS NOT NULL;
CREATE INDEX schedules_by_age ON {schema}.schedules (created_at, key);

CREATE TABLE {schema}.fires (
  schedule_digest uuid NOT NULL,
  fire_at double precision NOT NULL,
  status text NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (schedule_digest, fire_at)
);
CREATE INDEX fires_by_status ON {schema}.fires (status, fire_at);
CREATE INDEX fires_by_slot ON {schema}.fires (fire_at);

CREATE TABLE {schema}.blobs (
  id uuid PRIMARY KEY,
  bytes bigint NOT NULL
);

CREATE TABLE {schema}.blob_chunks (
  blob_id uuid NOT NULL,
  number integer NOT NULL,
  content bytea NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (blob_id, number)
);
-- Content is mostly compressed already: Postgres need not try.
ALTER TABLE {schema}.blob_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
`;

export function firstTables(schema: string): Migration {
  return {
    async up(database) {
      for (const script of [TABLES, COMMIT_BATCH, CLAIM, ADD_TO_INBOX, SAVE_WORKFLOW, TAKE_FIRES])
        await sql.raw(script.replaceAll("{schema}", schema)).execute(database);
    },
  };
}
