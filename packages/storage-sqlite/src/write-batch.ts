import { type CommitOutcome, type ExecutionCommit, StorageError } from "@automatrix/core";
import type { Connection } from "./connection/connection.js";
import type { DatabaseGate } from "./connection/database-gate.js";
import { runNodeTransaction } from "./connection/node-transaction.js";
import { isConstraintError } from "./connection/to-storage-error.js";
import type { LargePayload, PayloadFiles } from "./payloads/payload-files.js";
import { PayloadWriter } from "./payloads/payload-writer.js";
import { checkCommit, type PreparedCommit, prepareCommit, writeCommit } from "./sql/commit.js";

export interface WriteBatchParams {
  readonly payloads: PayloadFiles | undefined;
  readonly transactionTimeoutMs: number;
}

interface PreparedWrite {
  readonly prepared: PreparedCommit;
  /** Has to be in its files before the rows name them. */
  readonly large: readonly LargePayload[];
}

/**
 * Writes a batch: its large values into files first, then its rows in one transaction. A commit with a node's own code
 * has a transaction to itself, in its place in the order.
 */
export async function writeBatch(
  gate: DatabaseGate,
  batch: readonly ExecutionCommit[],
  params: WriteBatchParams,
): Promise<readonly CommitOutcome[]> {
  if (!batch.some(({ transaction }) => transaction !== undefined)) return writeTogether(gate, batch, params);
  const outcomes: CommitOutcome[] = [];
  let group: ExecutionCommit[] = [];
  for (const commit of batch) {
    if (commit.transaction === undefined) {
      group.push(commit);
      continue;
    }
    outcomes.push(...(await writeTogether(gate, group, params)));
    group = [];
    outcomes.push(await writeAlone(gate, commit, params));
  }
  return [...outcomes, ...(await writeTogether(gate, group, params))];
}

async function writeTogether(
  gate: DatabaseGate,
  commits: readonly ExecutionCommit[],
  { payloads }: WriteBatchParams,
): Promise<readonly CommitOutcome[]> {
  if (commits.length === 0) return [];
  const writes = commits.map((commit) => prepareWrite(commit, payloads));
  const large = writes.flatMap((write) => write.large);
  if (large.length > 0) await payloads?.write(large);
  // When this rejects the files stay, and go with their executions.
  const outcomes = await gate.writeCommits((connection) =>
    writes.map(({ prepared }) => writeCommit(connection, prepared)),
  );
  if (large.length > 0)
    await payloads?.remove(writes.flatMap((write, index) => (outcomes[index]?.ok === true ? [] : write.large)));
  return outcomes;
}

/**
 * The node's code runs after a first look at the guards, and adds to the commit, which is read and looked at again
 * afterwards. What goes wrong in it undoes this commit alone.
 */
async function writeAlone(
  gate: DatabaseGate,
  commit: ExecutionCommit,
  { payloads, transactionTimeoutMs: timeoutMs }: WriteBatchParams,
): Promise<CommitOutcome> {
  return gate.writeAlone(async (connection) => {
    const refusal = checkCommit(connection, commit).outcome;
    if (refusal !== undefined) return refusal;
    try {
      await runNodeTransaction(connection, { callback: commit.transaction ?? doNothing, timeoutMs });
    } catch (error) {
      return undo(connection, { ok: false, reason: "transaction_failed", error });
    }
    const { prepared, large } = prepareWrite(commit, payloads);
    await payloads?.write(large);
    const outcome = writeCommit(connection, prepared);
    if (!outcome.ok) return undo(connection, outcome);
    try {
      connection.run("COMMIT");
    } catch (error) {
      // A constraint that is checked last (deferred): of the node's tables, since ours have none.
      if (isConstraintError(error)) return undo(connection, { ok: false, reason: "transaction_failed", error });
      throw error;
    }
    return outcome;
  });
}

function prepareWrite(commit: ExecutionCommit, payloads: PayloadFiles | undefined): PreparedWrite {
  const writer = new PayloadWriter(payloads);
  try {
    return { prepared: prepareCommit(commit, writer), large: writer.large };
  } catch (error) {
    throw new StorageError(
      "invalid_input",
      `The commit of execution "${commit.executionId}" holds something that JSON cannot.`,
      { cause: error },
    );
  }
}

function undo(connection: Connection, outcome: CommitOutcome): CommitOutcome {
  connection.rollBack();
  return outcome;
}

async function doNothing(): Promise<void> {}
