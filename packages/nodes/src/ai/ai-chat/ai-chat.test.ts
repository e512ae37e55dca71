import { memoryCache } from "@automatrix/core/memory";
import { testClock } from "@automatrix/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testAiNode } from "../../../test/support/ai-node-test.js";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";
import { createConversations } from "./conversation.js";

let fake: FakeAiProvider;

beforeEach(async () => {
  fake = await startFakeAiProvider();
});

afterEach(() => fake.close());

describe("ai_chat", () => {
  function chat() {
    const cache = memoryCache(testClock());
    let executions = 0;
    const say = (prompt: string, parameters: object = {}) => {
      executions += 1;
      let next = executions * 1_000;
      return testAiNode(fake, "ai_chat")
        .engine({ http: fetch, cache, ids: { next: () => `id-${next++}` } })
        .parameters({ prompt, conversationKey: "ada", ...parameters })
        .run();
    };
    return { say, cache };
  }

  it("reminds the model of earlier turns of the same key", async () => {
    const { say } = chat();
    fake.reply({ text: "Hello Ada" }, { text: "Ada" }, { text: "Who?" });
    expect((await say("I am Ada")).output).toMatchObject({ ai_response: "Hello Ada", turns: 1 });
    expect((await say("Who am I?", { system: "Be brief." })).output).toMatchObject({ ai_response: "Ada", turns: 2 });
    await say("Who am I?", { conversationKey: "bob" });
    expect(fake.requests.map(({ body }) => body.messages.map((one: { content: string }) => one.content))).toEqual([
      ["I am Ada"],
      ["Be brief.", "I am Ada", "Hello Ada", "Who am I?"],
      ["Who am I?"],
    ]);
  });

  it("forgets the oldest turns beyond maxTurns and maxHistoryTokens", async () => {
    const { say } = chat();
    for (const word of ["one", "two", "three"]) await say(word, { maxTurns: 2 });
    await say("four", { maxTurns: 1 });
    expect(fake.requests.at(-1)?.body.messages).toHaveLength(3);
    expect((await say("five", { maxHistoryTokens: 1 })).output).toMatchObject({ turns: 0 });
    expect(fake.requests.at(-1)?.body.messages).toHaveLength(1);
  });

  it("remembers nothing when maxTurns is 0", async () => {
    const { say } = chat();
    await say("one");
    expect((await say("two", { maxTurns: 0 })).output).toMatchObject({ turns: 0 });
    await say("three");
    expect(fake.requests.slice(1).map(({ body }) => body.messages.length)).toEqual([1, 1]);
  });

  it("pays once when the answer was recorded and remembering it failed", async () => {
    let failures = 1;
    const kept = memoryCache(testClock());
    const cache = {
      ...kept,
      set: async (...given: Parameters<typeof kept.set>) => {
        failures -= 1;
        if (failures >= 0) throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
        return kept.set(...given);
      },
    };
    const { output, attempts } = await testAiNode(fake, "ai_chat")
      .engine({ http: fetch, cache })
      .settings({ retry: { maxAttempts: 2, delaysMs: [0] } })
      .parameters({ prompt: "x", conversationKey: "ada" })
      .run();
    expect(attempts).toBe(2);
    expect(output).toMatchObject({ turns: 1 });
    expect(fake.requests).toHaveLength(1);
  });
});

describe("conversations", () => {
  const place = (cache = memoryCache(testClock())) => ({
    cache,
    tenant: null,
    key: "ada",
    limits: { maxTurns: 100, maxTokens: 10_000, ttlMs: 1_000 },
  });
  const turn = (id: string) => ({ id, user: "u", assistant: "a" });

  it("loses no turn of those that end at once", async () => {
    const conversations = createConversations();
    const here = place();
    await Promise.all(Array.from({ length: 20 }, (_, index) => conversations.remember(here, turn(`t${index}`))));
    expect(await conversations.recall(here, "none")).toHaveLength(20);
  });

  it("counts a turn that is remembered twice once, and hides it from its own rerun", async () => {
    const conversations = createConversations();
    const here = place();
    await conversations.remember(here, turn("t1"));
    expect(await conversations.remember(here, turn("t1"))).toBe(1);
    expect(await conversations.recall(here, "t1")).toEqual([]);
  });

  it("keeps tenants apart", async () => {
    const conversations = createConversations();
    const here = place();
    await conversations.remember(here, turn("t1"));
    expect(await conversations.recall({ ...here, tenant: "other" }, "none")).toEqual([]);
  });
});
