import { DEFAULT_PORT } from "../../definition/node-type.js";
import { isWait } from "../../definition/wait.js";
import { AutomatrixError, ConfigurationError } from "../../errors/errors.js";
import type { EventDraft } from "../../events/event.js";
import type { NodeRecord } from "../../ports/execution-record.js";
import { ignoreRejection } from "../../shared/ignore-rejection.js";
import { toAttemptVariables } from "../attempt/attempt-variables.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import { toNodeOutput } from "../attempt/node-output.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { Timer } from "../timers.js";
import { NodeTransaction, type TransactionCallback } from "./node-transaction.js";
import { TransactionalWrite } from "./transactional-write.js";

/** Longest that a node's transaction may be open. */
const TRANSACTION_LIMIT_MS = 5_000;

/** What a transaction writes beside what the node itself writes; filled in when the node has returned. */
interface ResultOfTransaction {
  readonly nodes: NodeRecord[];
  readonly events: EventDraft[];
}

/** Commits the results of `transactional` nodes together with what their own code writes; see {@link NodeTransaction}. */
export class TransactionRunner {
  readonly #runner: ExecutionRunner;

  constructor(runner: ExecutionRunner) {
    this.#runner = runner;
  }

  /** Resolves to the value of the callback, within the transaction. */
  run(attempt: NodeAttempt, run: TransactionCallback<unknown>): Promise<unknown> {
    const runner = this.#runner;
    const problem = findProblem(attempt, runner.services.commits.canRunTransactions);
    if (problem !== undefined) return Promise.reject(problem);
    const result: ResultOfTransaction = { nodes: [], events: [] };
    const transaction = new NodeTransaction({
      nodePath: attempt.path,
      run,
      onOpen: () => this.#armLimit(attempt),
      addResult: (returned) => this.#addResult(attempt, returned, result),
    });
    attempt.transaction = transaction;
    runner.writer.afterEverything(() => {
      if (attempt.isSettled) return;
      const write = new TransactionalWrite(runner, {
        ...result,
        transaction: (opened) => transaction.perform(opened),
        onCommitted: () => this.#complete(attempt, result),
        onRolledBack: (error) => this.#rolledBack(attempt, transaction, error),
      });
      runner.services.commits.commitAlone(write, write.commit);
    });
    return transaction.value;
  }

  /** The node's function returned: its result joins the commit, unless that has failed. */
  end(attempt: NodeAttempt, returned: unknown): void {
    const transaction = attempt.transaction as NodeTransaction;
    ignoreRejection(returned);
    if (transaction.failure === undefined) transaction.end(returned);
    else this.#runner.nodes.fail(attempt, transaction.failure.error);
  }

  #armLimit(attempt: NodeAttempt): Timer {
    const { timers, clock } = this.#runner.services;
    return timers.set(clock.now() + TRANSACTION_LIMIT_MS, () =>
      this.#runner.nodes.timeouts.timeOut(
        attempt,
        new AutomatrixError(
          "transaction_timed_out",
          `The transaction of node "${attempt.path}" was open for ${TRANSACTION_LIMIT_MS} ms and was rolled back; do slow work before ctx.transaction.`,
        ),
      ),
    );
  }

  async #addResult(attempt: NodeAttempt, returned: unknown, { nodes, events }: ResultOfTransaction): Promise<void> {
    const runner = this.#runner;
    const { path, number: attempts } = attempt;
    if (isWait(returned))
      throw new AutomatrixError(
        "transaction_misused",
        `Node "${path}" returned a wait after ctx.transaction; the transaction is written with a result.`,
      );
    const { output, port } = await toNodeOutput(attempt, returned, undefined);
    const variables = toAttemptVariables(attempt);
    const endedAt = runner.services.clock.now();
    const startedAt = runner.nodes.firstStart(attempt);
    const record: NodeRecord = {
      path,
      status: "completed",
      attempts,
      output,
      port,
      startedAt,
      endedAt,
      ...(variables === undefined ? {} : { variables }),
    };
    nodes.push(record);
    const draft = { seq: 0, at: endedAt, executionId: runner.id, nodeId: path, attempt: attempts };
    if (variables !== undefined) events.push({ ...draft, type: "variables.set", data: { variables } });
    events.push({ ...draft, type: "node.completed", data: record });
  }

  /** The storage has committed it. */
  #complete(attempt: NodeAttempt, { nodes: [record] }: ResultOfTransaction): void {
    if (record === undefined) return;
    const runner = this.#runner;
    const { scope, node } = attempt;
    scope.records[node.index] = record;
    // Stopped while the storage committed: what is written stays, and the last record of a path counts.
    if (attempt.isSettled) return void runner.writer.pending.nodes.push(record);
    runner.nodes.settle(attempt);
    runner.nodes.timeouts.clearNode(scope, node.index);
    const { output, port = DEFAULT_PORT, variables } = record;
    scope.dispatch({ type: "completed", node: node.index, output, port, variables });
    runner.starter.pump();
  }

  /** A function that still runs ends first: no two attempts of a node run at once. */
  #rolledBack(attempt: NodeAttempt, transaction: NodeTransaction, error: unknown): void {
    // The storage may have given up on its own, with the node's code still at it.
    transaction.stop(error);
    if (attempt.isSettled || !attempt.hasReturned) return;
    this.#runner.nodes.fail(attempt, transaction.failure?.error ?? error);
  }
}

/** Why the node must not use `ctx.transaction` now. */
function findProblem(attempt: NodeAttempt, canRunTransactions: boolean): AutomatrixError | undefined {
  const { path, node, effects } = attempt;
  if (effects !== "transactional")
    return new AutomatrixError(
      "transaction_misused",
      `Node "${path}" uses ctx.transaction, and its effects are "${effects}"; declare effects: "transactional" in the node type ${node.type.type}.`,
    );
  if (attempt.transaction !== undefined)
    return new AutomatrixError(
      "transaction_misused",
      `Node "${path}" called ctx.transaction twice; put everything into one callback.`,
    );
  if (attempt.isSettled || attempt.isAborted)
    return new AutomatrixError("node_cancelled", `Node "${path}" was told to stop.`);
  if (canRunTransactions) return undefined;
  return new ConfigurationError(
    "capability_missing",
    `Node "${path}" needs a storage with transactions for nodes; use SQLite or Postgres.`,
  );
}
