import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { answerJson, testServer } from "../../http/test-server.js";
import { jinaSearch } from "./jina-search.js";
import { createWebSearch, type WebSearchOptions } from "./web-search.js";

const TOKEN = "jina_secret_token";
const run = (options: WebSearchOptions, parameters: Record<string, unknown>, input: unknown = {}) =>
  testNode(createWebSearch(options))
    .parameters(parameters)
    .input(input)
    .credentials({ jina: { token: TOKEN }, other: { token: "another_token" } })
    .engine({ http: fetch })
    .run();
const result = (number: number) => ({
  title: `Page ${number}`,
  url: `https://example.com/${number}`,
  description: `About ${number}`,
  content: "",
  usage: { tokens: 1 },
});

describe("web_search", () => {
  it("asks Jina in its own words and gives plain results", async () => {
    await using server = await testServer((_, response) =>
      answerJson(response, { code: 200, status: 20000, data: [1, 2, 3].map(result) }),
    );
    const { output, logs } = await run({ jina: { baseUrl: server.origin } }, { query: "brakes & more?", limit: 2 });
    expect(output).toEqual([
      { title: "Page 1", url: "https://example.com/1", snippet: "About 1" },
      { title: "Page 2", url: "https://example.com/2", snippet: "About 2" },
    ]);
    const [request] = server.seen;
    expect(request?.method).toBe("GET");
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ q: "brakes & more?", num: "2" });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      accept: "application/json",
      "x-respond-with": "no-content",
    });
    expect(JSON.stringify(logs)).not.toContain(TOKEN);
  });

  it("takes the query from the input, another credential, or none", async () => {
    await using server = await testServer((_, response) => answerJson(response, { data: [result(1)] }));
    const baseUrl = `${server.origin}/search?lang=de`;
    expect((await run({ jina: { baseUrl, credential: "other" } }, {}, "brakes")).output).toHaveLength(1);
    expect((await run({ jina: { baseUrl, credential: null } }, {}, "brakes")).output).toHaveLength(1);
    const [first, second] = server.seen;
    expect(first?.headers.authorization).toBe("Bearer another_token");
    expect(first?.path).toBe("/search?lang=de&q=brakes&num=5");
    expect(second?.headers.authorization).toBeUndefined();
  });

  it("leaves out what is no web page, and bounds what strangers wrote", async () => {
    const hostile = [
      { title: "x", url: "javascript:alert(1)" },
      { title: "x", url: "file:///etc/passwd" },
      { title: "x", url: `https://example.com/${"x".repeat(5_000)}` },
      { title: null, url: "https://example.com/", description: "y".repeat(100_000) },
      {},
    ];
    await using server = await testServer((_, response) => answerJson(response, { data: hostile }));
    const { output } = await run({ jina: { baseUrl: server.origin } }, { query: "q" });
    expect(output).toEqual([{ title: "", url: "https://example.com/", snippet: "y".repeat(2_000) }]);
  });

  it.each([
    [401, { message: "bad key" }, "http_error", "FatalNodeError"],
    [402, { message: "pay" }, "http_error", "FatalNodeError"],
    [422, { message: "Invalid query" }, "http_error", "FatalNodeError"],
    [429, {}, "http_error", "RetryableNodeError"],
    [503, {}, "http_error", "RetryableNodeError"],
  ])("fails for status %i", async (status, body, code, kind) => {
    await using server = await testServer((_, response) => answerJson(response, body, status));
    const ctx = {
      signal: new AbortController().signal,
      http: fetch,
      clock: { now: () => 0 },
      credentials: async () => ({ token: TOKEN }),
    };
    const searching = jinaSearch({ baseUrl: server.origin }).search(
      { query: "q", limit: 1, timeoutMs: 5_000 },
      ctx as never,
    );
    const error: unknown = await searching.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: kind, code });
    expect(String(error) + JSON.stringify(error)).not.toContain(TOKEN);
  });

  it("gives an empty list for a query without results", async () => {
    await using server = await testServer((request, response) =>
      request.query.get("q") === "none"
        ? answerJson(response, { code: 422, message: "No search results available for query none" }, 422)
        : answerJson(response, { data: null }),
    );
    const options = { jina: { baseUrl: server.origin } };
    expect((await run(options, { query: "none" })).output).toEqual([]);
    expect((await run(options, { query: "null" })).output).toEqual([]);
  });

  it.each([
    ["a page", "<html>", "invalid_response"],
    ["JSON of another kind", '{"data":"x"}', "invalid_response"],
    ["a list", "[]", "invalid_response"],
    ["nothing", "", "invalid_response"],
    ["too much", `{"data":[]}${" ".repeat(3_000_000)}`, "response_too_large"],
  ])("fails for %s", async (_, body, code) => {
    await using server = await testServer((_, response) => response.end(body));
    expect((await run({ jina: { baseUrl: server.origin } }, { query: "q" })).error).toMatchObject({ code });
  });

  it("hands the token to nobody else", async () => {
    await using other = await testServer((_, response) => answerJson(response, { data: [] }));
    await using server = await testServer((_, response) => response.writeHead(302, { location: other.origin }).end());
    const { error } = await run({ jina: { baseUrl: server.origin } }, { query: "q" });
    expect(error).toBeDefined();
    expect(other.seen).toEqual([]);
  });

  it("ends in time", async () => {
    await using server = await testServer(() => undefined);
    const { error } = await run({ jina: { baseUrl: server.origin } }, { query: "q", timeoutMs: 50 });
    expect(error?.message).toContain("within 50 ms");
  });

  it("needs something to look for, a credential, and a base URL that is one", async () => {
    const options = { provider: { search: async () => [] } };
    expect((await run(options, {}, {})).error).toMatchObject({ code: "invalid_input" });
    expect((await run(options, {}, " ")).error).toMatchObject({ code: "invalid_input" });
    const missing = testNode(createWebSearch()).parameters({ query: "q" }).engine({ http: fetch });
    expect((await missing.run()).error).toMatchObject({ code: "credential_not_found" });
    expect(() => createWebSearch({ jina: { baseUrl: "ftp://example.com" } })).toThrow(/base URL/);
  });

  it("takes another search engine", async () => {
    const { output } = await run(
      {
        provider: {
          search: async ({ query, limit }) => [{ title: query, url: "https://a.example", snippet: String(limit) }],
        },
      },
      { query: "x", limit: 7 },
    );
    expect(output).toEqual([{ title: "x", url: "https://a.example", snippet: "7" }]);
  });
});
