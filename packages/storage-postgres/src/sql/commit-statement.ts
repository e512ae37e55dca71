import type { CommitOutcome } from "@automatrix/core";
import type { Statement } from "../connection/connection.js";
import { toArrayLiteral } from "../rows/array-literal.js";
import type { EncodedCommit, EncodedRest, ListRow } from "../rows/encoded-commit.js";
import { fromPostgresText } from "../rows/text.js";

/** Locks that stand for all idempotency keys: few, so that a large batch does not use up the server's lock table. */
const KEY_LOCKS = 64;

const ARGUMENT_TYPES =
  "text[] bigint[] bigint[] integer[] integer[] text[] text[] text[] text[] integer[] bigint[] uuid[] jsonb jsonb jsonb jsonb jsonb jsonb".split(
    " ",
  );

const ARGUMENTS = ARGUMENT_TYPES.map((type, index) => `$${index + 1}::${type}`).join(", ");

/** The arguments of what few commits have, when there is none of it; without row locks of its own a batch locks its ids. */
const NO_REST: readonly unknown[] = [null, null, "{}", "{}", null, null, null, null, null, null];

/** What `commit_batch` answers for the batch: see migrations/0001-commit-batch.ts. */
export interface OutcomesRow {
  readonly first_seqs: string;
  readonly outcomes: string | null;
  readonly existing_ids: Readonly<Record<string, string | null>> | null;
}

/** The statement that writes commits of different executions. */
export function commitStatement(schema: string, commits: readonly EncodedCommit[]): Statement {
  return {
    name: "commit",
    text: `SELECT first_seqs, outcomes, existing_ids FROM ${schema}.commit_batch(${ARGUMENTS})`,
    values: [
      commits.map(({ id }) => id),
      toArrayLiteral(commits.map(({ epoch }) => epoch)),
      toArrayLiteral(commits.map(({ afterSeq }) => afterSeq)),
      toArrayLiteral(commits.map(({ eventCount }) => eventCount)),
      toArrayLiteral(commits.map(({ flags }) => flags)),
      toArrayLiteral(commits.map(({ events }) => events)),
      toArrayLiteral(commits.map(({ nodes }) => nodes)),
      toArrayLiteral(commits.map(({ steps }) => steps)),
      ...restOf(commits),
    ],
  };
}

/** Everything but results, steps and events; nothing at all in most batches. */
function restOf(commits: readonly EncodedCommit[]): readonly unknown[] {
  if (commits.every(({ rest }) => rest === undefined)) return NO_REST;
  const each = <Item>(pick: (rest: EncodedRest) => readonly Item[]) =>
    commits.flatMap(({ rest }, index) =>
      rest === undefined ? [] : pick(rest).map((item) => ({ i: index + 1, item })),
    );
  const list = (pick: (rest: EncodedRest) => readonly ListRow[]) => {
    const rows = each(pick).map(({ i, item }) => ({ i, ...item }));
    return rows.length === 0 ? null : JSON.stringify(rows);
  };
  const known = each(({ knownItems }) => knownItems);
  return [
    rowLocksOf(commits),
    nullIfEmpty(keyLocksOf(commits)),
    known.map(({ i }) => i),
    known.map(({ item }) => item),
    list(({ create, refusesAtLimit }) =>
      create === undefined ? [] : [{ ...create, refuse_at_limit: refusesAtLimit }],
    ),
    list(({ patch }) => (patch === undefined ? [] : [patch])),
    list(({ waits }) => waits),
    list(({ endedWaits }) => endedWaits),
    list(({ readInbox }) => readInbox),
    list(({ delivers }) => delivers),
  ];
}

/** Outcomes in the order of the batch. */
export function toOutcomes({ first_seqs, outcomes, existing_ids }: OutcomesRow): readonly CommitOutcome[] {
  const reasons = outcomes?.split(",");
  return first_seqs.split(",").map((firstSeq, index) =>
    toOutcome(reasons?.[index] ?? "ok", {
      firstSeq: Number(firstSeq),
      existingId: existing_ids?.[index + 1] ?? "",
    }),
  );
}

function toOutcome(
  outcome: string,
  { firstSeq, existingId }: { readonly firstSeq: number; readonly existingId: string },
): CommitOutcome {
  switch (outcome) {
    case "ok":
    case "again":
      return { ok: true, firstSeq };
    case "duplicate":
      return { ok: false, reason: "duplicate", existingId: fromPostgresText(existingId) };
    case "inbox_unread":
    case "cancel_requested":
    case "limit_reached":
      return { ok: false, reason: outcome };
    default:
      return { ok: false, reason: "lease_lost" };
  }
}

/** Rows that are there already and must not change meanwhile. */
function rowLocksOf(commits: readonly EncodedCommit[]): readonly string[] {
  const ids = commits.flatMap(({ id, rest }) => (rest?.create === undefined ? [id] : []));
  return [...ids, ...commits.flatMap(({ rest }) => rest?.targets ?? [])];
}

/** In order, so that two batches never wait for each other. */
function keyLocksOf(commits: readonly EncodedCommit[]): readonly number[] {
  const locks = new Set<number>();
  for (const { rest } of commits) {
    const create = rest?.create;
    for (const digest of [create?.idempotency_digest, rest?.refusesAtLimit === true && create?.concurrency_digest])
      if (typeof digest === "string") locks.add(Number.parseInt(digest.slice(0, 8), 16) % KEY_LOCKS);
  }
  return [...locks].sort((a, b) => a - b);
}

function nullIfEmpty<Item>(list: readonly Item[]): readonly Item[] | null {
  return list.length === 0 ? null : list;
}
