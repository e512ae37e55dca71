import type { PostgresConnection } from "../connection/connection.js";
import type { WriteStatement, WriteValue } from "../connection/prepared-write.js";
import { hasSqlState } from "../connection/to-storage-error.js";
import { toArrayLiteral } from "../rows/array-literal.js";
import { COMPLETES, ENDS, type EncodedCommit, type EncodedRest, type ListRow } from "../rows/encoded-commit.js";
import { CREATE_COLUMN_TYPES, type CreateRow, JSON_TEXT } from "../rows/execution-row.js";
import { fromJsonList, toJsonList } from "../rows/json-list.js";

const UNIQUE_VIOLATION = "23505";

/** A column that a statement is given: its type in SQL or {@link JSON_TEXT}, and what a commit has in it. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly read: (commit: EncodedCommit) => unknown;
}

const COMMIT_COLUMNS: readonly Column[] = [
  { name: "after_seq", type: "bigint", read: ({ afterSeq }) => afterSeq },
  { name: "event_count", type: "integer", read: ({ eventCount }) => eventCount },
  { name: "events", type: JSON_TEXT, read: ({ events }) => events },
  { name: "nodes", type: JSON_TEXT, read: ({ nodes }) => nodes },
  { name: "steps", type: JSON_TEXT, read: ({ steps }) => steps },
];

const CREATE_COLUMNS = Object.entries(CREATE_COLUMN_TYPES).map(
  ([name, type]): Column => ({ name, type, read: ({ rest }) => rest?.create?.[name as keyof CreateRow] }),
);

const CREATE_NAMES = CREATE_COLUMNS.map(({ name }) => name).join(", ");

const CREATE_VALUES = CREATE_COLUMNS.map(({ name, type }) => (isArray(type) ? `${name}::${type}` : name)).join(", ");

const CREATING_COLUMNS = [...COMMIT_COLUMNS, ...CREATE_COLUMNS];

const OWNED_COLUMNS: readonly Column[] = [
  ...COMMIT_COLUMNS,
  { name: "execution_id", type: "text", read: ({ id }) => id },
  { name: "execution_epoch", type: "bigint", read: ({ epoch }) => epoch },
];

/** What the last commit of an execution writes into its row. */
const END_COLUMN_TYPES: Readonly<Record<string, string>> = {
  status: "text",
  output: JSON_TEXT,
  error: JSON_TEXT,
  blocked: JSON_TEXT,
  ended_at: "double precision",
  parked_ms: "double precision",
};

const ENDING_COLUMNS: readonly Column[] = [
  ...OWNED_COLUMNS,
  { name: "ends", type: "boolean", read: ({ rest }) => rest !== undefined },
  { name: "completes", type: "boolean", read: ({ flags }) => (flags & COMPLETES) !== 0 },
  ...Object.entries(END_COLUMN_TYPES).map(
    ([name, type]): Column => ({ name, type, read: ({ rest }) => rest?.patch?.[name] }),
  ),
];

/** What a statement does; each form is prepared once a connection. */
interface StatementForm {
  readonly creates: boolean;
  readonly owns: boolean;
  readonly ends: boolean;
  readonly isMany: boolean;
}

/** True for a commit that {@link commitUsual} can write: a start, results in the middle or an end, and nothing beside. */
export function isUsual({ afterSeq, eventCount, flags, rest }: EncodedCommit): boolean {
  if (afterSeq === null || eventCount === 0) return false;
  if (rest === undefined) return true;
  if (!isRowAlone(rest)) return false;
  const { create, patch } = rest;
  if (create !== undefined) return patch === undefined && afterSeq === 0 && !rest.refusesAtLimit;
  return patch !== undefined && (flags & ENDS) !== 0 && isEnd(patch);
}

/** Whether nothing but the execution's own row is written beside results and events. */
function isRowAlone({ waits, endedWaits, readInbox, delivers }: EncodedRest): boolean {
  return waits.length === 0 && endedWaits.length === 0 && readInbox.length === 0 && delivers.length === 0;
}

function isEnd(patch: ListRow): boolean {
  const names = Object.keys(patch);
  return (
    names.length === Object.keys(END_COLUMN_TYPES).length &&
    names.every((name) => Object.hasOwn(END_COLUMN_TYPES, name))
  );
}

const NONE: ReadonlySet<EncodedCommit> = new Set();

/**
 * Writes usual commits of different executions in one plain statement, which takes half as long as the function
 * `commit_batch`, and answers those of which it is not certain that they are written. Something stands in the way of one
 * of them: the function has to say of which and what, and acknowledges again what was written here.
 *
 * A statement sees what was committed before it began, and of rows that it locks also what came while it waited. What
 * another sending of the same commit wrote meanwhile it runs into by the key of `commits`.
 */
export async function commitUsual(
  connection: PostgresConnection,
  commits: readonly EncodedCommit[],
): Promise<ReadonlySet<EncodedCommit>> {
  try {
    const written = await connection.write(toStatement(connection, commits));
    // A start is written or fails the statement: only the others may be left out of it.
    return written === commits.length ? NONE : new Set(commits.filter((commit) => !isStart(commit)));
  } catch (error) {
    if (hasSqlState(error, UNIQUE_VIOLATION)) return new Set(commits);
    throw error;
  }
}

function isStart({ rest }: EncodedCommit): boolean {
  return rest?.create !== undefined;
}

function toStatement(connection: PostgresConnection, commits: readonly EncodedCommit[]): WriteStatement {
  const created = commits.filter(isStart);
  const owned = commits.filter((commit) => !isStart(commit));
  const form: StatementForm = {
    creates: created.length > 0,
    owns: owned.length > 0,
    ends: owned.some(({ rest }) => rest !== undefined),
    isMany: commits.length > 1,
  };
  const name = nameOf(form);
  return {
    name,
    text: connection.textOf(name, () => toText(connection.schema, form)),
    values: [...toValues(createdColumns(form), created, form), ...toValues(ownedColumns(form), owned, form)],
  };
}

/** Of the prepared statement. */
function nameOf({ creates, owns, ends, isMany }: StatementForm): string {
  return `commit${creates ? "_start" : ""}${owns ? "_owned" : ""}${ends ? "_end" : ""}${isMany ? "_many" : ""}`;
}

function toText(schema: string, form: StatementForm): string {
  const forCreated = createdColumns(form);
  const created = toSource(forCreated, { form, firstParameter: 1 });
  const owned = owning(
    schema,
    toSource(ownedColumns(form), { form, firstParameter: forCreated.length + 1 }),
    form.ends,
  );
  const parts: string[] = [];
  const sources: string[] = [];
  if (form.creates) {
    parts.push(...(form.isMany ? creatingMany(schema, created) : [creatingOne(schema, created)]));
    sources.push(form.isMany ? "created" : `inserted, ${created}`);
  }
  if (form.ends) parts.push(`owned AS MATERIALIZED (${owned})`, ending(schema));
  if (form.owns) sources.push(form.ends ? "owned" : `(${owned}) AS owned`);
  const selects = sources.map(
    (source) => `SELECT key, after_seq + event_count, 0, events, nodes, steps FROM ${source}`,
  );
  // Events carry the number of a row on, so that the count of rows without any starts at zero again.
  return `${parts.length === 0 ? "" : `WITH ${parts.join(", ")}`}
    INSERT INTO ${schema}.commits (execution_key, last_seq, number, events, nodes, steps) ${selects.join(" UNION ALL ")}`;
}

function createdColumns({ creates }: StatementForm): readonly Column[] {
  return creates ? CREATING_COLUMNS : [];
}

function ownedColumns({ owns, ends }: StatementForm): readonly Column[] {
  if (!owns) return [];
  return ends ? ENDING_COLUMNS : OWNED_COLUMNS;
}

/**
 * Numbers its rows itself: what the insertion returns would have to be joined again. In the order of idempotency keys,
 * so that two batches with the same keys do not wait for each other.
 */
function creatingMany(schema: string, source: string): readonly string[] {
  return [
    `created AS MATERIALIZED (SELECT nextval('${schema}.executions_key_seq') AS key, given.* FROM ${source})`,
    `inserted AS (
      INSERT INTO ${schema}.executions (key, ${CREATE_NAMES}) OVERRIDING SYSTEM VALUE
      SELECT key, ${CREATE_VALUES} FROM created ORDER BY idempotency_digest
    )`,
  ];
}

function creatingOne(schema: string, source: string): string {
  return `inserted AS (
      INSERT INTO ${schema}.executions (${CREATE_NAMES}) SELECT ${CREATE_VALUES} FROM ${source} RETURNING key
    )`;
}

/** Locks the rows in the order in which every batch does. An end needs an empty inbox: what lies in it goes with it. */
function owning(schema: string, source: string, isEnding: boolean): string {
  const guards = `AND (NOT ends OR (NOT e.has_news AND (NOT completes OR e.cancel_requested IS NULL)
    AND NOT EXISTS (SELECT FROM ${schema}.inbox x WHERE x.execution_key = e.key)))`;
  return `SELECT e.key, given.*
      FROM ${source} JOIN ${schema}.executions e ON e.id = execution_id
      WHERE e.epoch = execution_epoch AND after_seq = coalesce((SELECT c.last_seq FROM ${schema}.commits c
        WHERE c.execution_key = e.key ORDER BY c.last_seq DESC, c.number DESC LIMIT 1), 0) ${isEnding ? guards : ""}
      ORDER BY e.id FOR NO KEY UPDATE OF e`;
}

function ending(schema: string): string {
  const names = Object.keys(END_COLUMN_TYPES);
  return `ended AS (
      UPDATE ${schema}.executions e SET ${names.map((name) => `${name} = owned.${name}`).join(", ")}
      FROM owned WHERE e.key = owned.key AND ends
    )`;
}

/** Rows under the name `given`: the values themselves for one, an array for each column for several. */
function toSource(
  columns: readonly Column[],
  { form, firstParameter }: { readonly form: StatementForm; readonly firstParameter: number },
): string {
  const names = columns.map(({ name }) => name).join(", ");
  const parameters = columns
    .map(({ type }, index) => toParameter(`$${firstParameter + index}`, { type, isMany: form.isMany }))
    .join(", ");
  return `${form.isMany ? `unnest(${parameters})` : `(VALUES (${parameters}))`} AS given(${names})`;
}

function toParameter(parameter: string, { type, isMany }: { readonly type: string; readonly isMany: boolean }): string {
  if (type === JSON_TEXT) return isMany ? fromJsonList(parameter) : `${parameter}::text`;
  return `${parameter}::${isArray(type) ? "text" : type}${isMany ? "[]" : ""}`;
}

function toValues(
  columns: readonly Column[],
  commits: readonly EncodedCommit[],
  { isMany }: StatementForm,
): WriteValue[] {
  const [first] = commits;
  if (first === undefined) return [];
  if (!isMany) return columns.map(({ read }) => toValue(read(first)));
  return columns.map(({ type, read }) => {
    const values = commits.map((commit) => toValue(read(commit)));
    return type === JSON_TEXT ? toJsonList(values as readonly (string | null)[]) : toArrayLiteral(values);
  });
}

/** A list within a row comes as the text of an array. */
function toValue(value: unknown): WriteValue {
  if (Array.isArray(value)) return toArrayLiteral(value as readonly string[]) ?? "{}";
  return (value ?? null) as WriteValue;
}

function isArray(type: string): boolean {
  return type.endsWith("[]");
}
