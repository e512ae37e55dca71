import {
  createEngine,
  defineNode,
  type EventDraft,
  type ExecutionCommit,
  type ExecutionRecord,
  type Storage,
} from "@automatrix/core";

const BATCH_SIZE = 1_000;
const SLEEP_MS = 30 * 24 * 60 * 60 * 1_000;
const MAX_LOOKS = 500;

/** A node that waits for a month; both processes register it. */
export const sleep = defineNode({ type: "sleep", execute: (context) => context.wait.delay(SLEEP_MS) });

/**
 * Fills a storage with executions that wait for their timer outside memory: one is run until it is parked, and what
 * it has written is written again under other ids.
 */
export async function fillWithSleepers(createStorage: () => Storage, count: number): Promise<void> {
  const storage = createStorage();
  const engine = createEngine({ storage, nodes: [sleep] });
  await engine.start();
  const { id } = await engine.execute({ name: "sleeper", nodes: [{ id: "nap", type: "sleep" }] });
  const commit = await readCommit(storage, await parked(storage, id));
  await engine.close();
  const filling = createStorage();
  await filling.open();
  for (let from = 1; from < count; from += BATCH_SIZE) {
    const numbers = Array.from({ length: Math.min(BATCH_SIZE, count - from) }, (_, index) => from + index);
    const outcomes = await filling.commit(numbers.map((number) => copyCommit(commit, sleeperId(id, number))));
    const refused = outcomes.find(({ ok }) => !ok);
    if (refused !== undefined) throw new Error(`a sleeper was refused: ${JSON.stringify(refused)}`);
  }
  await filling.close();
}

async function parked(storage: Storage, id: string): Promise<ExecutionRecord> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const record = await storage.getExecution(id);
    if (record?.isParked === true) return record;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the first sleeper was not parked");
}

/** Everything that the storage has of an execution, as the one commit that would have written it. */
async function readCommit(storage: Storage, record: ExecutionRecord): Promise<ExecutionCommit> {
  const { id: executionId, epoch } = record;
  return {
    executionId,
    epoch,
    afterSeq: 0,
    create: { ...record, lastSeq: 0 },
    nodes: await storage.listNodes(executionId),
    waits: await storage.listWaits(executionId),
    events: (await storage.listEvents(executionId, { after: 0, limit: 1_000 })) as EventDraft[],
  };
}

function copyCommit(commit: ExecutionCommit, id: string): ExecutionCommit {
  return {
    ...commit,
    executionId: id,
    create: { ...(commit.create as ExecutionRecord), id },
    waits: (commit.waits ?? []).map((wait) => ({ ...wait, executionId: id })),
    events: (commit.events ?? []).map((event) => ({ ...event, seq: 0, executionId: id })),
  };
}

/** As long as the id it is made from, and none that the engine would give: those are hexadecimal. */
function sleeperId(id: string, number: number): string {
  const ending = `s${String(number).padStart(7, "0")}`;
  return id.slice(0, -ending.length) + ending;
}
