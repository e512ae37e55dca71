import type { CommitOutcome, ExecutionCommit } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { isLockedOut } from "../connection/to-storage-error.js";
import { type EncodedCommit, encodeCommit } from "../rows/encoded-commit.js";
import { commitInTransaction } from "./commit-in-transaction.js";
import { commitStatement, type OutcomesRow, toOutcomes } from "./commit-statement.js";
import { commitUsual, isUsual } from "./commit-usual.js";
import { listLocked } from "./list-locked.js";

/** Most text in one round trip; a larger batch takes several. */
const MAX_GROUP_CHARACTERS = 16 * 1024 * 1024;

/** A commit with its place in the batch. */
interface PlacedCommit {
  readonly encoded: EncodedCommit;
  readonly index: number;
}

/**
 * Writes a batch: what is plain in one round trip, then what has a transaction of a node. A batch is atomic for each
 * execution only, so it may be cut anywhere.
 */
export async function commit(
  connection: PostgresConnection,
  batch: readonly ExecutionCommit[],
): Promise<readonly CommitOutcome[]> {
  const outcomes: CommitOutcome[] = new Array(batch.length);
  const plain: PlacedCommit[] = [];
  const withTransaction: number[] = [];
  for (const [index, item] of batch.entries()) {
    if (item.transaction === undefined) plain.push({ encoded: encodeCommit(item), index });
    else withTransaction.push(index);
  }
  for (const group of toGroups(plain)) await commitGroup(connection, group, outcomes);
  for (const index of withTransaction)
    outcomes[index] = await commitInTransaction(connection, batch[index] as ExecutionCommit);
  return outcomes;
}

/** Writes all of it, or all but what somebody else has locked for too long. */
async function commitGroup(
  connection: PostgresConnection,
  group: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<void> {
  if (!(await commitUnlessLocked(connection, group, outcomes))) await commitUnlocked(connection, group, outcomes);
}

/** What is locked is `busy`; the rest is written. */
async function commitUnlocked(
  connection: PostgresConnection,
  group: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<void> {
  for (const { index } of group) outcomes[index] = { ok: false, reason: "busy" };
  const locked = await listLocked(
    connection,
    group.flatMap(({ encoded }) => [encoded.id, ...(encoded.rest?.targets ?? [])]),
  );
  const isFree = ({ encoded }: PlacedCommit) =>
    !locked.has(encoded.id) && encoded.rest?.targets.some((id) => locked.has(id)) !== true;
  const free = group.filter(isFree);
  if ((await commitUnlessLocked(connection, free, outcomes)) || free.length === 1) return;
  // It is not a row that is locked, but a key that somebody is inserting: each finds out by itself.
  for (const item of free) await commitUnlessLocked(connection, [item], outcomes);
}

/** False where something of it was locked: a part may be written all the same, and is acknowledged when it is sent again. */
async function commitUnlessLocked(
  connection: PostgresConnection,
  group: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<boolean> {
  try {
    await commitParts(connection, group, outcomes);
    return true;
  } catch (error) {
    if (!isLockedOut(error)) throw error;
    return false;
  }
}

/** Writes what is usual and what is not side by side: each part is a transaction of its own. */
async function commitParts(
  connection: PostgresConnection,
  group: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<void> {
  const usual = group.filter(({ encoded }) => isUsual(encoded));
  if (usual.length === group.length) return commitUsualPart(connection, usual, outcomes);
  const rest = group.filter(({ encoded }) => !isUsual(encoded));
  const parts = await Promise.allSettled([
    commitUsualPart(connection, usual, outcomes),
    commitByFunction(connection, rest, outcomes),
  ]);
  for (const part of parts) if (part.status === "rejected") throw part.reason;
}

async function commitUsualPart(
  connection: PostgresConnection,
  part: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<void> {
  if (part.length === 0) return;
  const unsure = await commitUsual(
    connection,
    part.map(({ encoded }) => encoded),
  );
  for (const { encoded, index } of part)
    if (!unsure.has(encoded)) outcomes[index] = { ok: true, firstSeq: (encoded.afterSeq ?? 0) + 1 };
  if (unsure.size === 0) return;
  await commitByFunction(
    connection,
    part.filter(({ encoded }) => unsure.has(encoded)),
    outcomes,
  );
}

async function commitByFunction(
  connection: PostgresConnection,
  part: readonly PlacedCommit[],
  outcomes: CommitOutcome[],
): Promise<void> {
  if (part.length === 0) return;
  const commits = part.map(({ encoded }) => encoded);
  const [row] = await connection.queryOnce<OutcomesRow>(commitStatement(connection.schema, commits));
  for (const [place, outcome] of toOutcomes(row as OutcomesRow).entries())
    outcomes[(part[place] as PlacedCommit).index] = outcome;
}

/**
 * Parts of a batch that one statement can write: each execution once, and alone what is refused by a count of rows, so
 * that the count sees those before it.
 */
function toGroups(placed: readonly PlacedCommit[]): readonly (readonly PlacedCommit[])[] {
  const groups: PlacedCommit[][] = [];
  let group: PlacedCommit[] = [];
  let ids = new Set<string>();
  let characters = 0;
  for (const item of placed) {
    const { id, rest } = item.encoded;
    const isAlone = rest?.refusesAtLimit === true;
    if (group.length === 0 || ids.has(id) || isAlone || characters + item.encoded.characters > MAX_GROUP_CHARACTERS) {
      group = [];
      groups.push(group);
      ids = new Set();
      characters = 0;
    }
    group.push(item);
    ids.add(id);
    characters += isAlone ? MAX_GROUP_CHARACTERS : item.encoded.characters;
  }
  return groups;
}
