/**
 * A worker in a process of its own. It runs one agent on a SQLite file, with tools that write a line to a ledger for each
 * call, until it is killed or has its result, which it prints as a line of JSON.
 */
import { appendFileSync } from "node:fs";
import { createEngine, defineNode, z } from "@automatrix/core";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { createAgentNodes } from "../../src/ai/ai-agent/agent-nodes.js";
import { createModelSource } from "../../src/ai/model-source.js";
import { flowNodes } from "../../src/flow/flow-nodes.js";

const [file = "", ledger = "", baseUrl = ""] = process.argv.slice(2);

const note = defineNode({
  type: "note",
  label: "Note",
  description: "Writes something down.",
  effects: "idempotent",
  parameters: z.object({ text: z.string().describe("What.") }),
  execute({ parameters, idempotencyKey }) {
    appendFileSync(ledger, `${parameters.text} ${idempotencyKey}\n`);
    return `noted ${parameters.text}`;
  },
});

const engine = createEngine({
  storage: sqliteStorage({ file }),
  nodes: [
    note,
    ...flowNodes,
    ...createAgentNodes({
      models: createModelSource({
        providers: { fake: { kind: "openai_compatible", baseUrl, credential: null, defaultModel: "m1" } },
      }),
      nodeTypes: () => [note],
    }),
  ],
  http: (url, init) => fetch(url, init),
  lease: { durationMs: 4_000, heartbeatMs: 500, sweepMs: 50 },
});
await engine.start();
const handle = await engine.execute(
  { name: "agents", nodes: [{ id: "agent", type: "ai_agent", data: { prompt: "Note six things.", tools: ["note"] } }] },
  { idempotencyKey: "the one" },
);
const { status, output, error } = await handle.result();
process.stdout.write(`${JSON.stringify({ status, output, error })}\n`);
await engine.close();
