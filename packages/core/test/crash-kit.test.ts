import { describe, expect, it } from "vitest";
import { defineNode, type ExecutionCommit, type NodeContext, type Storage } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { CRASH_WORKFLOWS, type CrashWorkflow, crashConformance } from "../src/testing/index.js";

const CHAIN = CRASH_WORKFLOWS[0] as CrashWorkflow;
const DEATH = "comes to the same end when its worker dies after a commit was written and before it learns of it";
const LOST_ANSWER = "comes to the same end when the answer to a commit is lost";

/** Runs one case of the kit on a storage whose commits are meddled with. */
async function runCase(
  name: string,
  {
    workflow = CHAIN,
    meddle = (commit) => commit,
  }: { readonly workflow?: CrashWorkflow; readonly meddle?: (commit: ExecutionCommit) => ExecutionCommit } = {},
): Promise<void> {
  const cases = crashConformance({
    workflows: [workflow],
    createStorage: ({ clock }) => meddling(memoryStorage({ clock }), meddle),
  });
  await cases.find((one) => one.name === name)?.run();
}

function meddling(storage: Storage, meddle: (commit: ExecutionCommit) => ExecutionCommit): Storage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "commit") return (batch: readonly ExecutionCommit[]) => target.commit(batch.map(meddle));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("the crash kit", () => {
  it("finds nothing wrong with memory storage and a chain", async () => {
    await runCase(DEATH);
    await runCase(LOST_ANSWER);
  });

  it("finds a storage that forgets results", async () => {
    const forgetful = ({ nodes, ...commit }: ExecutionCommit): ExecutionCommit => ({
      ...commit,
      nodes: (nodes ?? []).filter(({ path }) => path !== "b"),
    });
    await expect(runCase(DEATH, { meddle: forgetful })).rejects.toThrow(/b|undefined/);
  });

  it("finds a storage that writes a commit twice when its answer was lost", async () => {
    const forgetful = ({ afterSeq: _afterSeq, ...commit }: ExecutionCommit): ExecutionCommit => commit;
    await expect(runCase(LOST_ANSWER, { meddle: forgetful })).rejects.toThrow(/node\.completed|outcomes/);
  });

  it("finds a node that does not come to the same end", async () => {
    let calls = 0;
    const fickle = defineNode({ type: "work", execute: (_ctx: NodeContext) => ++calls });
    const workflow = { ...CHAIN, nodes: () => [fickle] };
    await expect(runCase(DEATH, { workflow })).rejects.toThrow(/ended as/);
  });

  it("finds a node that gets another idempotency key", async () => {
    const workflow: CrashWorkflow = {
      ...CHAIN,
      nodes: (probe) => [
        defineNode({
          type: "work",
          execute: ({ execution, nodePath, attempt, attemptId }: NodeContext) =>
            probe.called({ execution, nodePath, attempt, attemptId, idempotencyKey: attemptId } as NodeContext),
        }),
      ],
    };
    await expect(
      runCase("comes to the same end when its worker dies before a commit is written", { workflow }),
    ).rejects.toThrow(/another idempotency key/);
  });

  it("says of a workflow that never ends that it did not", async () => {
    const workflow: CrashWorkflow = {
      ...CHAIN,
      nodes: () => [defineNode({ type: "work", execute: () => new Promise(() => {}) })],
    };
    await expect(runCase(DEATH, { workflow })).rejects.toThrow(/did not end/);
  });

  it("says of a workflow that ends otherwise than announced that it did", async () => {
    await expect(runCase(DEATH, { workflow: { ...CHAIN, ends: "failed" } })).rejects.toThrow(/ends as completed/);
  });
});
