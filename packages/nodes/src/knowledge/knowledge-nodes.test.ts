import { memoryBlobStore } from "@automatrix/core/memory";
import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { createKnowledgeNodes } from "./knowledge-nodes.js";
import type { EmbedTexts, KnowledgeOptions } from "./knowledge-options.js";
import { memoryVectorStore } from "./stores/memory-vector-store.js";

const WORDS = ["brake", "engine", "paint"];
/** A vector that counts words, so that similar texts have similar vectors. */
const embed: EmbedTexts = async (texts) =>
  texts.map((text) => [...WORDS.map((word) => text.toLowerCase().split(word).length - 1), 0.1]);

function nodes(options: KnowledgeOptions = { store: memoryVectorStore(), embed }) {
  const [upsert, search] = createKnowledgeNodes(options);
  if (upsert === undefined || search === undefined) throw new Error("nodes are missing");
  const run = (node: typeof upsert, parameters: Record<string, unknown>, input: unknown) =>
    testNode(node).parameters(parameters).input(input).engine({ blobs: memoryBlobStore() }).run();
  return {
    upsert: (input: unknown, parameters = {}) => run(upsert, parameters, input),
    search: (parameters: Record<string, unknown>, input: unknown = {}) => run(search, parameters, input),
  };
}

const MANUAL = [
  { id: "a", text: "Check the brake fluid. Brake pads too.", metadata: { model: "X3", year: 2024 } },
  { id: "b", text: "Engine oil, engine filter.", metadata: { model: "X3" } },
  { id: "c", text: "Paint and brake colours.", metadata: { model: "X5" } },
];

describe("vector_upsert and vector_search", () => {
  it("find text by text", async () => {
    const { upsert, search } = nodes();
    expect((await upsert(MANUAL)).output).toEqual({ namespace: "default", count: 3, ids: ["a", "b", "c"] });
    const { output } = await search({ text: "brake", topK: 2 });
    expect(output).toEqual([
      { id: "a", score: expect.closeTo(1, 2), text: MANUAL[0]?.text, metadata: MANUAL[0]?.metadata },
      { id: "c", score: expect.closeTo(0.71, 1), text: MANUAL[2]?.text, metadata: MANUAL[2]?.metadata },
    ]);
    expect((await search({}, "engine")).output).toMatchObject([{ id: "b" }, {}, {}]);
    expect((await search({ text: "brake", minScore: 0.9 })).output).toMatchObject([{ id: "a" }]);
    expect((await search({ text: "brake", filter: { model: ["X5", "X7"] } })).output).toMatchObject([{ id: "c" }]);
  });

  it("take vectors without an embedding function", async () => {
    const { upsert, search } = nodes({ store: memoryVectorStore() });
    await upsert({ rows: [{ id: "x", vector: [1, 0] }] }, { namespace: "n", records: "{{input.rows}}" });
    expect((await search({ namespace: "n", vector: [2, 0] })).output).toEqual([
      { id: "x", score: 1, text: null, metadata: {} },
    ]);
    expect((await search({ namespace: "other", vector: [2, 0] })).output).toEqual([]);
  });

  it("write the same twice without harm", async () => {
    const { upsert, search } = nodes();
    await upsert(MANUAL);
    await upsert(MANUAL);
    expect((await search({ text: "brake" })).output).toHaveLength(3);
  });

  it("hand texts over in batches, and only those without a vector", async () => {
    const batches: number[] = [];
    const counting: EmbedTexts = async (texts, ctx) => {
      batches.push(texts.length);
      expect(ctx.signal.aborted).toBe(false);
      return texts.map(() => [1, 2]);
    };
    const { upsert } = nodes({ store: memoryVectorStore(), embed: counting, embedBatchSize: 2 });
    const records = [1, 2, 3].map((id) => ({ id: String(id), text: "t" }));
    const { output } = await upsert([...records, { id: "v", text: "t", vector: [3, 4] }]);
    expect(output).toMatchObject({ count: 4 });
    expect(batches).toEqual([2, 1]);
  });

  it("say what the operator has not configured", async () => {
    const nothing = nodes({});
    expect((await nothing.upsert([])).error).toMatchObject({ code: "not_configured", message: /`store`/ });
    expect((await nothing.search({ text: "x" })).error).toMatchObject({ code: "not_configured" });
    const noEmbed = nodes({ store: memoryVectorStore() });
    expect((await noEmbed.upsert(MANUAL)).error).toMatchObject({ code: "not_configured", message: /`embed`/ });
    expect((await noEmbed.search({ text: "x" })).error).toMatchObject({ code: "not_configured" });
  });

  it.each([
    ["no list", {}],
    ["a record without an id", [{ text: "x" }]],
    ["a record without vector and text", [{ id: "x" }]],
    ["a record with blank text", [{ id: "x", text: " " }]],
    ["a vector of zeros", [{ id: "x", vector: [0, 0] }]],
    ["a vector that overflows", [{ id: "x", vector: [1e300] }]],
    ["a vector that vanishes", [{ id: "x", vector: [1e-300] }]],
    ["an empty vector", [{ id: "x", vector: [] }]],
    ["a vector that is too long", [{ id: "x", vector: Array(16_001).fill(1) }]],
    [
      "vectors of different lengths",
      [
        { id: "x", vector: [1] },
        { id: "y", vector: [1, 2] },
      ],
    ],
    ["a NUL in a text", [{ id: "x", vector: [1], text: "a\u0000b" }]],
    ["half of a character", [{ id: "x\uD800", vector: [1] }]],
    ["a text that is too long", [{ id: "x", text: "x".repeat(100_001) }]],
    ["metadata with objects", [{ id: "x", vector: [1], metadata: { a: {} } }]],
    ["metadata with a name that is a path", [{ id: "x", vector: [1], metadata: { 'a"].b': 1 } }]],
    ["too many records", Array.from({ length: 1_001 }, (_, id) => ({ id: String(id), vector: [1] }))],
  ])("refuse %s", async (_, records) => {
    const { upsert } = nodes({ store: memoryVectorStore(), embed });
    expect((await upsert(records)).error).toMatchObject({ code: "invalid_input" });
  });

  it.each([
    ["nothing to look for", {}],
    ["a blank text", { text: " " }],
    ["a vector of zeros", { vector: [0, 0] }],
    ["a vector of another length", { vector: [1] }],
    ["a filter that is a path", { vector: [1, 0, 0, 0], filter: { 'a" OR 1': 1 } }],
  ])("refuse %s", async (_, parameters) => {
    const { upsert, search } = nodes();
    await upsert(MANUAL);
    expect((await search(parameters)).error).toMatchObject({ code: "invalid_input" });
  });

  it("refuse parameters out of bounds", () => {
    const [, search] = createKnowledgeNodes();
    const isRefused = (parameters: unknown) => search?.parameterSchema?.safeParse(parameters).success === false;
    expect(isRefused({ topK: 101 })).toBe(true);
    expect(isRefused({ text: "x", vector: [1] })).toBe(true);
    expect(isRefused({ namespace: "a b" })).toBe(true);
    expect(isRefused({ filter: { a: [] } })).toBe(true);
  });

  it("refuse what an embedding function makes up", async () => {
    const few = nodes({ store: memoryVectorStore(), embed: async () => [] });
    expect((await few.upsert(MANUAL)).error).toMatchObject({ code: "invalid_input", message: /0 vectors of 3 texts/ });
    const zero = nodes({ store: memoryVectorStore(), embed: async (texts) => texts.map(() => [0]) });
    expect((await zero.upsert(MANUAL)).error).toMatchObject({ code: "invalid_input" });
  });
});
