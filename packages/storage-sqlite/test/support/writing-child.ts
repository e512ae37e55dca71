/** Commits until it is killed, and prints the number of each commit once it is acknowledged. */
import { writeSync } from "node:fs";
import { creation, eventDraft, nodeRecord } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";

const EXECUTIONS = 5;

const [file = ""] = process.argv.slice(2);
const ids = Array.from({ length: EXECUTIONS }, (_, index) => `e${index}`);
const storage = sqliteStorage({ file });
await storage.open();
await storage.commit(ids.map((id) => creation(id)));
for (let number = 1; ; number++) {
  await storage.commit(
    ids.map((id) => {
      const node = nodeRecord(`n${number}`, { output: "x".repeat(number % 20 === 0 ? 20_000 : 100) });
      return {
        executionId: id,
        epoch: 1,
        afterSeq: number,
        nodes: [node],
        events: [{ ...eventDraft(id, "node.completed", node), nodeId: node.path, attempt: 1 }],
      };
    }),
  );
  // At once, so that what was acknowledged is known whenever the end comes.
  writeSync(1, `${number}\n`);
}
