import type { CommitOutcome, ExecutionCommit } from "@automatrix/core";
import { StorageError } from "@automatrix/core";
import { OWN_SETTINGS, type PostgresConnection, type Session, USUAL_SETTINGS } from "../connection/connection.js";
import { isConnectionLost, mayPass, toStorageError } from "../connection/to-storage-error.js";
import { encodeCommit } from "../rows/encoded-commit.js";
import { toPostgresText } from "../rows/text.js";
import { commitStatement, type OutcomesRow, toOutcomes } from "./commit-statement.js";
import { NodeTransaction } from "./node-transaction.js";

/** How long a node's code may keep its transaction open. */
export const TRANSACTION_LIMIT_MS = 5_000;

/** Takes out of the session what a node's code may have left in it, as the role that it had first; prepared statements stay. */
const CLEAN_SESSION = `RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; ${OWN_SETTINGS}; DISCARD TEMP; SELECT pg_advisory_unlock_all()`;

/** Thrown to leave the connection behind: what still runs on it, or was left in its session, must not reach the next user. */
class AbandonedConnection extends Error {
  constructor(readonly outcome: CommitOutcome) {
    super("The connection was abandoned.");
  }
}

/**
 * Runs a node's code inside the transaction of its own result: the row is locked and the guards are asked first, then
 * the code runs, then everything is written and committed together.
 */
export async function commitInTransaction(
  connection: PostgresConnection,
  commit: ExecutionCommit,
): Promise<CommitOutcome> {
  try {
    return await connection.withSession((session) => runTransaction(session, connection.schema, commit));
  } catch (error) {
    if (error instanceof AbandonedConnection) return error.outcome;
    throw toStorageError(error);
  }
}

async function runTransaction(session: Session, schema: string, commit: ExecutionCommit): Promise<CommitOutcome> {
  await session.query({ text: "BEGIN ISOLATION LEVEL READ COMMITTED" });
  await session.query({ text: `SET LOCAL statement_timeout = ${TRANSACTION_LIMIT_MS}; ${USUAL_SETTINGS}` });
  const early = await guardEarly(session, schema, commit);
  if (early !== undefined) {
    await session.query({ text: "ROLLBACK" });
    return early;
  }
  await runCallback(session, commit);
  const outcome = await writeAndCommit(session, schema, commit);
  await cleanSession(session, outcome);
  return outcome;
}

/** What can be said before the code runs; undefined to go on, with the row locked. */
async function guardEarly(
  session: Session,
  schema: string,
  { executionId, epoch, afterSeq, patch, create }: ExecutionCommit,
): Promise<CommitOutcome | undefined> {
  if (create !== undefined) return undefined;
  const id = toPostgresText(executionId);
  await session.query({ text: `SELECT FROM ${schema}.executions WHERE id = $1 FOR NO KEY UPDATE`, values: [id] });
  const { rows } = await session.query<{ epoch: string; last_seq: string; cancel_requested: string | null }>({
    text: `SELECT epoch, last_seq, cancel_requested FROM ${schema}.execution_rows WHERE id = $1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined || Number(row.epoch) !== epoch) return { ok: false, reason: "lease_lost" };
  if (afterSeq !== undefined && Number(row.last_seq) > afterSeq) return { ok: true, firstSeq: afterSeq + 1 };
  if (patch?.status === "completed" && row.cancel_requested !== null) return { ok: false, reason: "cancel_requested" };
  return undefined;
}

/** Runs the node's code. @throws AbandonedConnection when it failed and everything was rolled back */
async function runCallback(session: Session, commit: ExecutionCommit): Promise<void> {
  const transaction = new NodeTransaction(session);
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<"timed_out">((resolve) => {
    timer = setTimeout(() => resolve("timed_out"), TRANSACTION_LIMIT_MS);
  });
  try {
    const ended = await Promise.race([Promise.resolve(commit.transaction?.(transaction)), timedOut]);
    if (ended === "timed_out") throw new AbandonedConnection(toFailure(timeoutError(commit)));
    await transaction.close();
  } catch (error) {
    if (error instanceof AbandonedConnection || transaction.isConnectionLost) throw error;
    await transaction.close();
    await session.query({ text: "ROLLBACK" });
    throw new AbandonedConnection(toFailure(error));
  } finally {
    clearTimeout(timer);
    transaction.refuseFurther();
  }
}

async function writeAndCommit(session: Session, schema: string, commit: ExecutionCommit): Promise<CommitOutcome> {
  try {
    const { rows } = await session.query<OutcomesRow>(commitStatement(schema, [encodeCommit(commit)]));
    const outcome = toOutcomes(rows[0] as OutcomesRow)[0] as CommitOutcome;
    // Of a transaction that failed before, COMMIT answers ROLLBACK and no error.
    const { command } = await session.query({ text: outcome.ok ? "COMMIT" : "ROLLBACK" });
    if (outcome.ok && command !== "COMMIT")
      return toFailure(new StorageError("storage_unavailable", "Postgres rolled the transaction back."));
    return outcome;
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    await session.query({ text: "ROLLBACK" });
    // A deadlock or a timeout of our own writing is no fault of the node's: the batch is sent again.
    if (mayPass(toStorageError(error))) throw error;
    throw new AbandonedConnection(toFailure(error));
  }
}

/** @throws AbandonedConnection when it cannot be cleaned; the outcome stands */
async function cleanSession(session: Session, outcome: CommitOutcome): Promise<void> {
  try {
    await session.query({ text: CLEAN_SESSION });
  } catch {
    throw new AbandonedConnection(outcome);
  }
}

function toFailure(error: unknown): CommitOutcome {
  return { ok: false, reason: "transaction_failed", error };
}

function timeoutError({ executionId }: ExecutionCommit): StorageError {
  return new StorageError(
    "storage_unavailable",
    `The transaction of a node of execution "${executionId}" took longer than ${TRANSACTION_LIMIT_MS} ms and was rolled back.`,
  );
}
