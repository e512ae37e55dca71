import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { openJsonServer } from "../../io/messaging/test-support/json-server.js";
import type { DmsOptions } from "./dms-options.js";
import { createDmsRequest } from "./dms-request.js";

function call(options: DmsOptions | undefined, parameters: Readonly<Record<string, unknown>>) {
  return testNode(createDmsRequest(options))
    .parameters(parameters)
    .credentials({ dms: { apiKey: "dms-secret" } })
    .engine({ http: fetch });
}

describe("dms_request", () => {
  it("lists with filters, pages and the operator's paths and headers", async () => {
    await using server = await openJsonServer(({ url }) =>
      url.includes("page=2") ? { body: { data: [{ id: 2 }] } } : { body: { data: [{ id: 1 }], next_cursor: "2" } },
    );
    const options = {
      baseUrl: `${server.url}/v1/`,
      paths: { vehicles: "/inventory/cars" },
      cursorParameter: "page",
      headers: { "x-dealer": "42" },
    };
    const { output } = await call(options, {
      resource: "vehicles",
      operation: "list",
      filters: { status: "in stock" },
    }).run();
    expect(output).toEqual({ items: [{ id: 1 }, { id: 2 }] });
    expect(server.requests[0]).toMatchObject({
      url: "/v1/inventory/cars?status=in+stock&limit=100",
      headers: { "x-api-key": "dms-secret", "x-dealer": "42" },
    });
  });

  it.each([
    [{}, { authorization: "Bearer dms-plain" }],
    [{ apiKeyHeader: "x-dealer-key" }, { "x-dealer-key": "dms-plain" }],
  ])("signs in with a credential that is a plain text, with %j", async (options, headers) => {
    await using server = await openJsonServer(() => ({ body: { id: "7" } }));
    await call({ baseUrl: server.url, ...options }, { resource: "deals", operation: "get", id: 7 })
      .credentials({ dms: { value: "dms-plain" } })
      .run();
    expect(server.requests[0]?.headers).toMatchObject(headers);
  });

  it("gets and updates a record, its id one segment", async () => {
    await using server = await openJsonServer(() => ({ body: { id: "7" } }));
    const options = { baseUrl: server.url };
    await call(options, { resource: "deals", operation: "get", id: "7/../8" }).run();
    await call(options, { resource: "appointments", operation: "update", id: 7, body: { at: "10:00" } }).run();
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /deals/7%2F..%2F8",
      "PATCH /appointments/7",
    ]);
  });

  it("creates once, or again where the system honours the idempotency key", async () => {
    await using server = await openJsonServer((_, index) =>
      index % 2 === 0 ? { status: 500 } : { status: 201, body: { id: "1" } },
    );
    const parameters = { resource: "customers", operation: "create", body: { name: "Ada" } };
    const retry = { retry: { delaysMs: [0] } };
    expect((await call({ baseUrl: server.url }, parameters).settings(retry).run()).status).toBe("waiting");
    await openNext(server.url);
    const again = await call({ baseUrl: server.url, honoursIdempotencyKey: true }, parameters).settings(retry).run();
    expect(again).toMatchObject({ status: "completed", attempts: 2 });
    const keys = server.requests.slice(2).map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });

  it.each(["get", "create"])("says which option is missing for %s", async (operation) => {
    const result = await call(undefined, { resource: "deals", operation, id: "1" }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "not_configured" } });
    expect(result.error?.message).toContain("`dms`");
  });
});

async function openNext(url: string): Promise<void> {
  await (await fetch(url)).text();
}
