import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { answerJson, testServer } from "../../http/test-server.js";
import { httpRequest } from "./http-request.js";

function run(parameters: Readonly<Record<string, unknown>>) {
  return testNode(httpRequest)
    .parameters(parameters)
    .engine({ network: { allow: ["loopback"] } })
    .run();
}

describe("pagination of http_request", () => {
  it("follows cursors", async () => {
    const pages: Readonly<Record<string, unknown>> = {
      "": { data: { items: [1, 2] }, meta: { next: "b c" } },
      "b c": { data: { items: [3] }, meta: { next: 7 } },
      "7": { data: { items: [] }, meta: { next: null } },
    };
    await using server = await testServer(({ query }, response) =>
      answerJson(response, pages[query.get("after") ?? ""]),
    );
    const pagination = { type: "cursor", cursorPath: "meta.next", parameter: "after", itemsPath: "data.items" };
    const { output } = await run({ url: `${server.origin}/?size=2`, pagination });
    expect(output).toMatchObject({ status: 200, body: [1, 2, 3], pages: { count: 3, isComplete: true } });
    expect(server.seen.map(({ path }) => path)).toEqual(["/?size=2", "/?size=2&after=b+c", "/?size=2&after=7"]);
  });

  it("stops at a cursor that comes again", async () => {
    await using server = await testServer(({ query }, response) =>
      answerJson(response, { items: [1], next: query.get("cursor") === "a" ? "b" : "a" }),
    );
    const { output } = await run({
      url: server.origin,
      pagination: { type: "cursor", cursorPath: "next", itemsPath: "items" },
    });
    expect(output).toMatchObject({ body: [1, 1, 1], pages: { count: 3, isComplete: true } });
  });

  it("counts pages until one is empty", async () => {
    await using server = await testServer(({ query }, response) => {
      const page = Number(query.get("page"));
      answerJson(response, page > 3 ? [] : [page]);
    });
    expect((await run({ url: server.origin, pagination: { type: "page" } })).output).toMatchObject({
      body: [1, 2, 3],
      pages: { count: 4, isComplete: true },
    });
  });

  it("counts offsets too", async () => {
    await using server = await testServer(({ query }, response) => {
      const offset = Number(query.get("offset"));
      answerJson(response, [10, 11, 12].slice(offset, offset + 2));
    });
    const pagination = { type: "page", parameter: "offset", start: 0, step: 2 };
    expect((await run({ url: server.origin, pagination })).output).toMatchObject({ body: [10, 11, 12] });
  });

  it("stops when the server takes no notice of the number", async () => {
    await using server = await testServer((_, response) => answerJson(response, [1, 2]));
    expect((await run({ url: server.origin, pagination: { type: "page" } })).output).toMatchObject({
      body: [1, 2],
      pages: { count: 2, isComplete: true },
    });
  });

  it("follows the Link header within the origin", async () => {
    await using server = await testServer(({ query }, response) => {
      const page = Number(query.get("p") ?? 1);
      if (page < 3)
        response.setHeader("link", `</?p=1>; rel="first", </?p=${page + 1}>; title="a, b"; rel="last next"`);
      answerJson(response, [page]);
    });
    expect((await run({ url: server.origin, pagination: { type: "link" } })).output).toMatchObject({ body: [1, 2, 3] });
  });

  it("does not follow it to another origin", async () => {
    await using other = await testServer((_, response) => answerJson(response, [2]));
    await using server = await testServer((_, response) => {
      response.setHeader("link", `<${other.origin}/>; rel=next`);
      answerJson(response, [1]);
    });
    const { error } = await run({ url: server.origin, pagination: { type: "link" } });
    expect(error).toMatchObject({ code: "redirect_refused" });
    expect(other.seen).toEqual([]);
  });

  it("reads no more pages than it may, and says that some are missing", async () => {
    await using server = await testServer(({ query }, response) => answerJson(response, [Number(query.get("page"))]));
    const { output, logs } = await run({ url: server.origin, pagination: { type: "page", maxPages: 2 } });
    expect(output).toMatchObject({ body: [1, 2], pages: { count: 2, isComplete: false } });
    expect(logs).toMatchObject([{ level: "warn", fields: { maxPages: 2 } }]);
    expect(server.seen).toHaveLength(2);
  });

  it("reads no more bytes than it may, all pages together", async () => {
    await using server = await testServer(({ query }, response) =>
      answerJson(response, [query.get("page"), "x".repeat(400)]),
    );
    const { error } = await run({ url: server.origin, maxResponseBytes: 1_000, pagination: { type: "page" } });
    expect(error).toMatchObject({ code: "response_too_large" });
  });

  it.each([
    [{ type: "page" }, { items: [1] }],
    [
      { type: "cursor", cursorPath: "next", itemsPath: "items" },
      { items: [1], next: { a: 1 } },
    ],
    [{ type: "cursor", cursorPath: "next", itemsPath: "items" }, { items: "text" }],
  ])("says what is wrong with a page: %j of %j", async (pagination, page) => {
    await using server = await testServer((_, response) => answerJson(response, page));
    expect((await run({ url: server.origin, pagination })).error).toMatchObject({ code: "invalid_response" });
  });

  it("gives each page of a POST a key of its own", async () => {
    await using server = await testServer(({ query }, response) =>
      answerJson(response, query.get("page") === "1" ? [1] : []),
    );
    const { events } = await run({ url: server.origin, method: "POST", body: {}, pagination: { type: "page" } });
    const key = `${events[0]?.executionId}:node`;
    expect(server.seen.map(({ headers }) => headers["idempotency-key"])).toEqual([key, `${key}:page-2`]);
  });
});
