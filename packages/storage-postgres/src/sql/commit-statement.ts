import type { CommitOutcome } from "@automatrix/core";
import type { Statement } from "../connection/connection.js";
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
      toNumbers(commits.map(({ epoch }) => epoch)),
      toNumbers(commits.map(({ afterSeq }) => afterSeq)),
      toNumbers(commits.map(({ eventCount }) => eventCount)),
      toNumbers(commits.map(({ flags }) => flags)),
      toJsonTexts(commits.map(({ events }) => events)),
      toJsonTexts(commits.map(({ nodes }) => nodes)),
      toJsonTexts(commits.map(({ steps }) => steps)),
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
    list(({ create }) => (create === undefined ? [] : [create])),
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

/** An array literal of numbers. The driver's own way, which quotes and escapes each, costs more than the statement. */
function toNumbers(numbers: readonly (number | null)[]): string {
  return `{${numbers.map((number) => number ?? "NULL").join(",")}}`;
}

/**
 * An array literal of JSON texts. JSON has no control characters, so that quoting a text as JSON once more escapes just
 * what an array literal has escaped: quotes and backslashes.
 */
function toJsonTexts(texts: readonly (string | null)[]): string | null {
  if (texts.every((text) => text === null)) return null;
  return `{${texts.map((text) => (text === null ? "NULL" : JSON.stringify(text))).join(",")}}`;
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
    for (const digest of [create?.["idempotency_digest"], create?.["refuse_at_limit"] && create["concurrency_digest"]])
      if (typeof digest === "string") locks.add(Number.parseInt(digest.slice(0, 8), 16) % KEY_LOCKS);
  }
  return [...locks].sort((a, b) => a - b);
}

function nullIfEmpty<Item>(list: readonly Item[]): readonly Item[] | null {
  return list.length === 0 ? null : list;
}
