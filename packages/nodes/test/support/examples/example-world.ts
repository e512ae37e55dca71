import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NodeType, z } from "@automatrix/core";
import {
  type AiOptions,
  defineIntegration,
  McpManager,
  MemoryCrmStore,
  memoryIntegrationStore,
  standardNodes,
} from "../../../src/index.js";
import { everythingServer, NODE_COMMAND } from "../mcp/test-servers.js";
import { embedByWords, manualsStore } from "./example-knowledge.js";
import { exampleModel } from "./example-model.js";
import { exampleStores, startObjectStore } from "./example-stores.js";
import { type RecordingSenders, recordingSenders } from "./recording-senders.js";

/** What the examples name, as an operator would have set it up, with stand-ins behind it. */
export interface ExampleWorld {
  readonly nodes: readonly NodeType[];
  readonly senders: RecordingSenders;
  readonly crm: MemoryCrmStore;
  /** The folder of the file nodes. */
  readonly fileRoot: string;
  readonly objectStoreOrigin: string;
  readonly redisKeyPrefix: string;
  close(): Promise<void>;
}

const AI: AiOptions = {
  providers: {
    local: { kind: "custom", model: exampleModel, defaultModel: "m1" },
    openai: { kind: "openai" },
    stability: { kind: "stability" },
  },
};

const helpdesk = defineIntegration({
  type: "helpdesk",
  label: "Help desk",
  config: z.object({ prefix: z.string() }),
  test: () => undefined,
  actions: {
    create_ticket: {
      parameters: z.object({ title: z.string() }),
      effects: "once",
      execute: ({ parameters, config }) => ({ id: `${config.prefix}-1`, title: parameters.title }),
    },
  },
});

export async function openExampleWorld(redisUrl: string): Promise<ExampleWorld> {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-examples-"));
  const fileRoot = join(folder, "files");
  const redisKeyPrefix = `automatrix_examples_${randomBytes(6).toString("hex")}:`;
  const { origin: objectStoreOrigin, close: closeObjectStore } = await startObjectStore(join(folder, "objects"));
  const mcp = new McpManager({ servers: { everything: everythingServer() }, allowedCommands: NODE_COMMAND });
  const senders = recordingSenders();
  const crm = new MemoryCrmStore();
  const nodes = standardNodes({
    ...exampleStores({ folder, fileRoot, redisUrl, redisKeyPrefix, objectStoreOrigin }),
    mailer: senders.mailer,
    smsSender: senders.smsSender,
    ai: AI,
    mcp,
    knowledge: { store: await manualsStore(), embed: embedByWords },
    dms: { baseUrl: "https://dms.example/v1" },
    crmStore: crm,
    integrations: [helpdesk],
    integrationStore: memoryIntegrationStore([{ id: "int_1", type: "helpdesk", config: { prefix: "T" } }]),
  });
  const close = async () => {
    await Promise.all([mcp.close(), closeObjectStore()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return { nodes, senders, crm, fileRoot, objectStoreOrigin, redisKeyPrefix, close };
}
