import type { NodeContext } from "../../definition/node-context.js";
import type { CommitOutcome, ExecutionCommit } from "../../ports/execution-commit.js";

/** The outside world's view of a run, in order: what nodes did, what became durable, what went wrong. */
export type CrashLogEntry =
  /** A node's function was called. */
  | {
      readonly what: "called";
      readonly life: number;
      readonly executionId: string;
      readonly path: string;
      readonly attempt: number;
      readonly attemptId: string;
      readonly idempotencyKey: string;
      /** True for a `once` node: it is called at most once in all. */
      readonly isOnce: boolean;
    }
  /** The function of a `ctx.step` was called. */
  | {
      readonly what: "step_ran";
      readonly life: number;
      readonly executionId: string;
      readonly path: string;
      readonly step: string;
    }
  /** The record of a node is durable. */
  | {
      readonly what: "recorded";
      readonly executionId: string;
      readonly path: string;
      readonly status: string;
      readonly attempts: number;
      /** Child execution that it waits for. */
      readonly childId: string | undefined;
    }
  /** The start of an execution is durable. */
  | { readonly what: "created"; readonly executionId: string }
  /** The value of a `ctx.step` is durable. */
  | { readonly what: "step_recorded"; readonly executionId: string; readonly path: string; readonly step: string }
  | { readonly what: "life" | "fault"; readonly life: number; readonly text: string };

const STEP_PREFIX = "step:";

/** What nodes of a crash workflow report to; nothing of a dead worker gets through. */
export interface CrashProbe {
  /** To be called first by every node with effects. */
  called(ctx: NodeContext, options?: { readonly isOnce?: boolean }): void;
  /** Whether this node was ever called, by whichever worker: what a target would answer to `verify`. */
  wasCalled(ctx: NodeContext): boolean;
  /** To be called first by the function of a `ctx.step`. */
  stepRan(ctx: NodeContext, step: string): void;
}

/** Keeps the entries of one run. */
export class CrashLog {
  readonly entries: CrashLogEntry[] = [];

  /** Notes what a commit made durable. */
  recorded(batch: readonly ExecutionCommit[], outcomes: readonly CommitOutcome[]): void {
    for (const [index, commit] of batch.entries()) if (outcomes[index]?.ok === true) this.#recordedOne(commit);
  }

  #recordedOne({ executionId, create, nodes = [], waits = [], steps = [] }: ExecutionCommit): void {
    if (create !== undefined) this.entries.push({ what: "created", executionId });
    for (const { path, status, attempts } of nodes) {
      const childId = waits.find(({ nodePath }) => nodePath === path)?.childId ?? undefined;
      this.entries.push({ what: "recorded", executionId, path, status, attempts, childId });
    }
    for (const { nodePath: path, key } of steps)
      if (key.startsWith(STEP_PREFIX))
        this.entries.push({ what: "step_recorded", executionId, path, step: key.slice(STEP_PREFIX.length) });
  }

  /** The probe of one life. */
  probeOf(life: { readonly number: number; readonly isDead: boolean }): CrashProbe {
    const add = (entry: CrashLogEntry) => {
      if (!life.isDead) this.entries.push(entry);
    };
    return {
      called: ({ execution, nodePath, attempt, attemptId, idempotencyKey }, { isOnce = false } = {}) =>
        add({
          what: "called",
          life: life.number,
          executionId: execution.id,
          path: nodePath,
          attempt,
          attemptId,
          idempotencyKey,
          isOnce,
        }),
      wasCalled: ({ execution, nodePath }) =>
        this.entries.some(
          (entry) => entry.what === "called" && entry.executionId === execution.id && entry.path === nodePath,
        ),
      stepRan: ({ execution, nodePath }, step) =>
        add({ what: "step_ran", life: life.number, executionId: execution.id, path: nodePath, step }),
    };
  }

  /** The entries as lines, for messages. */
  describe(): string {
    return this.entries.map((entry, index) => `  ${index}. ${describeEntry(entry)}`).join("\n");
  }
}

function describeEntry(entry: CrashLogEntry): string {
  switch (entry.what) {
    case "called":
      return `worker ${entry.life} called ${entry.path} of ${entry.executionId}, attempt ${entry.attempt} (${entry.attemptId})`;
    case "step_ran":
      return `worker ${entry.life} ran step ${entry.step} of ${entry.path} of ${entry.executionId}`;
    case "recorded":
      return `durable: ${entry.path} of ${entry.executionId} ${entry.status}, attempts ${entry.attempts}`;
    case "created":
      return `durable: the start of ${entry.executionId}`;
    case "step_recorded":
      return `durable: step ${entry.step} of ${entry.path} of ${entry.executionId}`;
    default:
      return `worker ${entry.life}: ${entry.text}`;
  }
}
