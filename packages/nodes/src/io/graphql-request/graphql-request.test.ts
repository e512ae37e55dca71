import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { answerJson, testServer } from "../../http/test-server.js";
import { graphqlRequest } from "./graphql-request.js";

function run(parameters: Readonly<Record<string, unknown>>, credentials = {}) {
  return testNode(graphqlRequest)
    .parameters({ query: "{ a }", ...parameters })
    .credentials(credentials)
    .engine({ network: { allow: ["loopback"] } })
    .run();
}

const ERRORS = [
  { message: "No such field", path: ["a", 0], extensions: { code: "BAD_INPUT", stack: "hush" } },
  { message: 5 },
];

describe("graphql_request", () => {
  it("sends the document and its variables, and gives the data", async () => {
    await using server = await testServer((_, response) => answerJson(response, { data: { order: { total: 5 } } }));
    const query = "query Total($id: ID!) { order(id: $id) { total } }";
    const { output, events } = await run(
      {
        url: server.origin,
        query,
        variables: { id: "7" },
        operationName: "Total",
        headers: { "x-a": "b" },
        auth: { type: "bearer", credential: "own" },
      },
      { own: { token: "s3cret-token" } },
    );
    expect(output).toEqual({ order: { total: 5 } });
    const [seen] = server.seen;
    expect(JSON.parse(seen?.body ?? "")).toEqual({ query, variables: { id: "7" }, operationName: "Total" });
    expect(seen?.headers).toMatchObject({
      "content-type": "application/json",
      authorization: "Bearer s3cret-token",
      "idempotency-key": `${events[0]?.executionId}:node`,
      "x-a": "b",
    });
  });

  it.each([200, 400])(
    "fails for errors in an answer of %s, which are told without their extensions",
    async (status) => {
      await using server = await testServer((_, response) =>
        answerJson(response, { data: { a: null }, errors: ERRORS }, status),
      );
      const { error } = await run({ url: server.origin });
      expect(error).toMatchObject({
        code: "graphql_error",
        details: {
          total: 2,
          errors: [{ message: "No such field", path: ["a", "0"], code: "BAD_INPUT" }, { message: "no message" }],
        },
      });
      expect(JSON.stringify(error)).not.toContain("hush");
    },
  );

  it("takes errors beside the data where they are allowed", async () => {
    await using server = await testServer((_, response) => answerJson(response, { data: { a: 1 }, errors: ERRORS }));
    expect((await run({ url: server.origin, allowErrors: true })).output).toEqual({ data: { a: 1 }, errors: ERRORS });
    await using fine = await testServer((_, response) => answerJson(response, { data: { a: 1 } }));
    expect((await run({ url: fine.origin, allowErrors: true })).output).toEqual({ data: { a: 1 }, errors: [] });
  });

  it.each([
    [200, { errors: [] }, "invalid_response"],
    [200, [1], "invalid_response"],
    [200, { data: null, errors: [] }, undefined],
    [400, { message: "no" }, "http_error"],
    [404, { data: {} }, "http_error"],
    [500, { errors: ERRORS }, "http_error"],
  ])("of an answer of %s with %j makes %s", async (status, answer, code) => {
    await using server = await testServer((_, response) => answerJson(response, answer, status));
    expect((await run({ url: server.origin })).error?.code).toBe(code);
  });

  it("tells a page of a proxy by its status", async () => {
    await using server = await testServer((_, response) =>
      response.writeHead(403, { "content-type": "text/html" }).end("<html>"),
    );
    expect((await run({ url: server.origin })).error).toMatchObject({ code: "http_error", details: { status: 403 } });
  });

  it("bounds the errors that it tells", async () => {
    const errors = Array.from({ length: 1_000 }, () => ({ message: "x".repeat(10_000) }));
    await using server = await testServer((_, response) => answerJson(response, { errors }));
    const details = (await run({ url: server.origin })).error?.details as { errors: { message: string }[] };
    expect([details.errors.length, details.errors[0]?.message.length]).toEqual([20, 500]);
  });
});
