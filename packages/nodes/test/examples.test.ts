/**
 * The examples whose outcome depends on others (a server, a model, a person) run here against stand-ins, with exactly
 * the parameters and the input that their declarations show. Those that name their output run in conformance.test.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeType } from "@automatrix/core";
import { testNode } from "@automatrix/core/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { standardNodes } from "../src/index.js";
import { type ExampleWorld, openExampleWorld } from "./support/examples/example-world.js";
import { HttpServices } from "./support/examples/http-services.js";
import { DEFAULT_REDIS_URL, findRedis } from "./support/examples/redis-server.js";
import { runExample, type Surroundings } from "./support/examples/run-example.js";

interface Expectation {
  /** Default `completed`. */
  readonly status?: "failed";
  readonly port?: string;
  readonly output?: unknown;
  readonly error?: object;
  /** Without them the node runs alone. */
  readonly surroundings?: Surroundings;
  /** What the services were sent, in order. */
  readonly requests?: readonly object[];
  /** Looks for what the node is to have done. */
  readonly check?: (world: ExampleWorld) => unknown;
}

const foundRedis = await findRedis();
const redisUrl = foundRedis ?? DEFAULT_REDIS_URL;
const redisIsLeftOut = foundRedis === undefined && process.env["CI"] !== "true";
const REASON = " (left out: no Redis server answers; set AUTOMATRIX_TEST_REDIS to one, or start one on port 6379)";

const USAGE = { tokens_used: 15, finish_reason: "stop", model_used: "m1" };

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  condition: { port: "true", output: { total: 250 } },
  switch: { port: "large", output: { size: "L" } },
  merge: {
    output: [{ name: "Ada" }, { name: "Grace" }],
    surroundings: {
      before: [
        { id: "left", type: "end", data: { output: [{ name: "Ada" }] } },
        { id: "right", type: "end", data: { output: { name: "Grace" } } },
      ],
    },
  },
  wait_for_signal: {
    port: "default",
    output: { amount: 250 },
    surroundings: { act: (engine, id) => engine.signal(id, "payment_received", { amount: 250 }) },
  },
  approval: {
    port: "approved",
    output: { by: "ada@example.com" },
    surroundings: {
      act: (engine, id) => engine.decideApproval(id, "node", { decision: "approve", by: "ada@example.com" }),
    },
  },
  sub_workflow: {
    output: { score: "Ada: 80" },
    surroundings: {
      workflows: [
        {
          id: "score-lead",
          name: "score-lead",
          nodes: [{ id: "end", type: "end", data: { output: { score: "{{trigger.lead.name}}: 80" } } }],
        },
      ],
    },
  },
  fail: { status: "failed", error: { code: "empty_order", message: "The order has no items." } },
  http_request: {
    output: { status: 201, body: { id: "4711" } },
    requests: [{ authorization: "Bearer orders-token", body: { sku: "A-1", count: 2 } }],
  },
  graphql_request: {
    output: { order: { total: 250 } },
    requests: [{ authorization: "Bearer orders-token", body: { variables: { id: "4711" } } }],
  },
  database_query: {
    output: {
      rows: [
        { id: 1, name: "Ada" },
        { id: 3, name: "Edsger" },
      ],
      rowCount: 2,
      truncated: false,
    },
  },
  redis_command: { output: { result: "OK" }, check: checkRedis },
  file_read: { output: { path: "reports/2025-01-31.json", content: { sold: 3 } } },
  file_write: {
    output: { path: "leads/7.json", created: true },
    check: ({ fileRoot }) =>
      expect(JSON.parse(readFileSync(join(fileRoot, "leads", "7.json"), "utf8"))).toEqual({ id: "7", name: "Ada" }),
  },
  s3_object: { output: { key: "leads/7.json", etag: expect.any(String) }, check: checkObject },
  email_send: {
    output: { accepted: ["ada@example.com"], rejected: [] },
    check: ({ senders }) =>
      expect(senders.mails).toMatchObject([
        { from: { address: "sales@example.com" }, to: [{ name: "Ada Lovelace" }], subject: "Your appointment" },
      ]),
  },
  sms_send: {
    output: { id: "SM1", status: "queued", to: "+491701234567" },
    check: ({ senders }) => expect(senders.smsMessages).toEqual([{ to: "+491701234567", text: "Your car is ready." }]),
  },
  slack_message: {
    output: { ok: true, channel: "C1", ts: "1735689600.0001" },
    requests: [{ authorization: "Bearer slack-token", body: { channel: "#sales", text: "A new lead came in." } }],
  },
  push_notify: {
    // Values of the credential, the project's id among them, are masked.
    output: { id: expect.stringMatching(/^projects\/.+\/messages\/1$/) },
    requests: [
      {
        authorization: "Bearer fcm-token",
        body: {
          message: {
            topic: "service-reminders",
            notification: { title: "Your car is ready", body: "Come by until six." },
          },
        },
      },
    ],
  },
  ai_process: {
    output: { text: expect.any(String), ai_response: "The car needs brakes, its owner a loan car.", ...USAGE },
  },
  ai_chat: { output: { ai_response: "On Saturdays we open at ten.", turns: 1, ...USAGE } },
  ai_extract: { output: { data: { name: "Ada Lovelace" }, repairs: 0, ...USAGE } },
  ai_classify: { port: "question", output: { class: "question", confidence: 0.9, ...USAGE } },
  ai_embedding: {
    output: {
      embeddings: [
        [9, 1],
        [11, 1],
      ],
      dimensions: 2,
      tokens_used: 6,
    },
    requests: [{ authorization: "Bearer openai-key", body: { input: ["a red car", "a blue boat"] } }],
  },
  ai_image: {
    output: { image: { $blob: expect.any(String), contentType: "image/png" }, model_used: "core" },
    requests: [{ authorization: "Bearer stability-key", body: expect.stringContaining("A red car by the sea") }],
  },
  ai_moderate: {
    output: { comment: "What a lovely car.", flagged: false, categories: [] },
    requests: [{ body: { input: "What a lovely car." } }],
  },
  ai_agent: {
    output: {
      ai_response: "The oldest open order is A-17.",
      steps: 2,
      tool_calls: [{ name: "list_orders", status: "completed" }],
    },
    surroundings: {
      workflows: [
        {
          id: "list-orders",
          name: "list-orders",
          nodes: [
            {
              id: "end",
              type: "end",
              data: {
                output: [
                  { id: "A-18", placedOn: "2025-01-03" },
                  { id: "A-17", placedOn: "2024-12-30" },
                ],
              },
            },
          ],
        },
      ],
    },
  },
  ai_agent_setup: { output: { tools: [], maxSteps: expect.any(Number), maxTokens: expect.any(Number) } },
  ai_agent_turn: { output: { text: "Hello, how can I help you?", calls: [], finishReason: "stop", totalTokens: 15 } },
  mcp_tool: { output: { content: "Echo: Hello", attachments: [] } },
  vector_upsert: { output: { namespace: "manuals", count: 1, ids: ["brakes-1"] } },
  vector_search: { output: [{ id: "brakes-1", metadata: { model: "X3" } }, { id: "tyres-1" }] },
  web_search: {
    output: [{ title: "Brake fluid", url: "https://example.com/article", snippet: "Every two years." }],
    requests: [{ authorization: "Bearer jina-token", url: "https://s.jina.ai/?q=brake+fluid+change+interval&num=3" }],
  },
  web_read: {
    output: {
      url: "https://example.com/article",
      title: "Brake fluid",
      text: expect.stringContaining("changed every two years"),
      truncated: false,
    },
  },
  hubspot: {
    output: { id: "51", created: true },
    requests: [
      {
        authorization: "Bearer hubspot-token",
        body: { inputs: [{ id: "ada@example.com", idProperty: "email", properties: { firstname: "Ada" } }] },
      },
    ],
  },
  salesforce: {
    output: { items: [{ Id: "003", Name: "Ada Lovelace" }], total: 1 },
    requests: [
      { url: "https://login.salesforce.com/services/oauth2/token" },
      { authorization: "Bearer salesforce-token" },
    ],
  },
  dms_request: {
    output: { items: [{ id: 1, status: "in_stock" }] },
    requests: [{ authorization: "Bearer dms-token", url: "https://dms.example/v1/vehicles?status=in_stock&limit=100" }],
  },
  crm_upsert: {
    output: { id: "1", created: true },
    check: ({ crm }) =>
      expect(crm.records).toMatchObject([
        { entity: "contact", match: { email: "ada@example.com" }, properties: { name: "Ada Lovelace" } },
      ]),
  },
  openapi_request: {
    output: { status: 200, body: { id: 7, name: "Rex" } },
    requests: [
      { url: "https://petstore3.swagger.io/api/v3/openapi.json" },
      { url: "https://petstore3.swagger.io/api/v3/pet/7" },
    ],
  },
  integration: { output: { id: "T-1", title: "Flat tyre" } },
};

let world: ExampleWorld;
beforeAll(async () => {
  world = await openExampleWorld(redisUrl);
});
afterAll(() => world.close());

describe("the example of", () => {
  for (const [type, expectation] of Object.entries(EXPECTATIONS)) {
    const isLeftOut = type === "redis_command" && redisIsLeftOut;
    it.skipIf(isLeftOut)(`${type} does what it shows${isLeftOut ? REASON : ""}`, () => checkExample(type, expectation));
  }
});

it("expects something of every example that names no output", () => {
  const types = standardNodes().flatMap(({ type, example }) => (example?.output === undefined ? [type] : []));
  expect(Object.keys(EXPECTATIONS).sort()).toEqual(types.sort());
});

async function checkExample(type: string, expectation: Expectation): Promise<void> {
  const { surroundings, requests, check, status = "completed", ...expected } = expectation;
  const services = new HttpServices({ realOrigin: world.objectStoreOrigin });
  const result = await runExample(nodeOf(type), { nodes: world.nodes, http: services.fetch, surroundings });
  expect(services.unexpected).toEqual([]);
  expect(result.status, result.error?.message).toBe(status);
  expect(result).toMatchObject(expected);
  if (requests !== undefined) expect(services.requests).toMatchObject(requests);
  await check?.(world);
}

function nodeOf(type: string): NodeType {
  return world.nodes.find((node) => node.type === type) as NodeType;
}

async function checkRedis({ redisKeyPrefix }: ExampleWorld): Promise<void> {
  const admin = new Redis(redisUrl, { lazyConnect: true });
  const key = `${redisKeyPrefix}lead:7`;
  const [name, secondsLeft] = [await admin.get(key), await admin.ttl(key)];
  await admin.del(key);
  await admin.quit();
  expect(name).toBe("Ada");
  expect(secondsLeft).toBeGreaterThan(0);
}

async function checkObject(): Promise<void> {
  const { output } = await testNode(nodeOf("s3_object"))
    .parameters({ connection: "reports", operation: "get", key: "leads/7.json", format: "json" })
    .engine({ http: fetch })
    .run();
  expect(output).toMatchObject({ content: { id: "7", name: "Ada" } });
}
