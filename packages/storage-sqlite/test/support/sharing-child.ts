/** One of several processes on one file: creates executions that nobody owns, then claims and ends whatever there is. */
import type { ExecutionCommit, ExecutionRecord, Storage } from "@automatrix/core";
import { creation, eventDraft, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";

const CLAIM_LIMIT = 7;
const STEPS = 3;

const [file = "", workerId = "", ownCount = "0", allCount = "0"] = process.argv.slice(2);

function working({ id, epoch, lastSeq }: ExecutionRecord, step: number): ExecutionCommit {
  const node = nodeRecord(`n${step}`, { output: { by: workerId } });
  const isLast = step === STEPS - 1;
  return {
    executionId: id,
    epoch,
    afterSeq: lastSeq + step,
    nodes: [node],
    events: [{ ...eventDraft(id, "node.completed", node), nodeId: node.path, attempt: 1 }],
    ...(isLast ? { patch: { status: "completed" as const, output: workerId, endedAt: 2_000 } } : {}),
  };
}

async function createAll(storage: Storage): Promise<void> {
  for (let index = 0; index < Number(ownCount); index++) {
    // Every process tries every key: one start of each wins.
    const parts = { status: "queued", owner: null, startedAt: null, idempotencyKey: `key-${index}` } as const;
    await storage.commit([creation(`${workerId}-${index}`, parts)]);
  }
}

async function work(storage: Storage): Promise<readonly string[]> {
  const ended: string[] = [];
  for (;;) {
    const claimed = await storage.claim({ workerId, limit: CLAIM_LIMIT, leaseDurationMs: 60_000, dueAt: 2_000 });
    for (let step = 0; step < STEPS; step++) {
      const outcomes = await storage.commit(claimed.map((record) => working(record, step)));
      if (outcomes.some(({ ok }) => !ok)) throw new Error(`refused: ${JSON.stringify(outcomes)}`);
    }
    ended.push(...claimed.map(({ id }) => id));
    const { items } = await storage.listExecutions({ status: "completed", limit: 1_000 });
    if (items.length === Number(allCount)) return ended;
  }
}

const storage = sqliteStorage({ file });
await storage.open();
await createAll(storage);
process.stdout.write(JSON.stringify(await work(storage)));
await storage.close();
