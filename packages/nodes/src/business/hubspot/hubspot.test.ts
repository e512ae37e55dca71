import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { type JsonAnswer, openJsonServer } from "../../io/messaging/test-support/json-server.js";
import { hubspot } from "./hubspot.js";

function call(baseUrl: string, parameters: Readonly<Record<string, unknown>>) {
  return testNode(hubspot)
    .parameters({ resource: "contacts", ...parameters })
    .credentials({ hubspot: { accessToken: "pat-secret", baseUrl } })
    .engine({ http: fetch });
}

describe("hubspot", () => {
  it.each([
    [
      { operation: "get", id: "1", returnProperties: ["email", "city"] },
      "GET",
      "/contacts/1?properties=email%2Ccity",
      "",
    ],
    [
      { operation: "create", properties: { email: "a@b.de" } },
      "POST",
      "/contacts",
      { properties: { email: "a@b.de" } },
    ],
    [
      { operation: "update", id: 7, properties: { city: "Ulm" } },
      "PATCH",
      "/contacts/7",
      { properties: { city: "Ulm" } },
    ],
    [
      { operation: "update", id: "a@b.de", idProperty: "email", properties: {} },
      "PATCH",
      "/contacts/a%40b.de?idProperty=email",
      { properties: {} },
    ],
    [{ resource: "deals", operation: "delete", id: "9" }, "DELETE", "/deals/9", ""],
  ])("sends %j", async (parameters, method, url, body) => {
    await using server = await openJsonServer(() => ({ status: method === "DELETE" ? 204 : 200, body: { id: "1" } }));
    const result = await call(server.url, parameters).run();
    expect(result.status).toBe("completed");
    expect(server.requests[0]).toMatchObject({ method, url: `/crm/v3/objects${url}`, body });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer pat-secret");
  });

  it("takes a credential that is a plain text for the token", async () => {
    await using server = await openJsonServer(() => ({ body: { id: "1" } }));
    await call(server.url, { operation: "get", id: "1" })
      .credentials({ hubspot: { value: "pat-plain", baseUrl: server.url } })
      .run();
    expect(server.requests[0]?.headers.authorization).toBe("Bearer pat-plain");
  });

  it("upserts by a unique property and tells whether the record is new", async () => {
    await using server = await openJsonServer(() => ({
      body: { status: "COMPLETE", results: [{ id: "5", new: true }] },
    }));
    const { output } = await call(server.url, { operation: "upsert", id: "a@b.de", idProperty: "email" }).run();
    expect(output).toMatchObject({ id: "5", created: true });
    expect(server.requests[0]).toMatchObject({
      url: "/crm/v3/objects/contacts/batch/upsert",
      body: { inputs: [{ id: "a@b.de", idProperty: "email", properties: {} }] },
    });
  });

  it("reads pages until there are enough, and says where to go on", async () => {
    await using server = await openJsonServer(({ url }) => {
      const query = new URL(url, "http://x").searchParams;
      const from = Number(query.get("after") ?? 0);
      const size = Number(query.get("limit"));
      const results = Array.from({ length: size }, (_, index) => ({ id: String(from + index) }));
      return { body: { results, paging: { next: { after: String(from + size) } } } };
    });
    const { output } = await call(server.url, { operation: "list", limit: 250 }).run();
    const { items, nextCursor } = output as { items: { id: string }[]; nextCursor: string };
    expect(items.map(({ id }) => Number(id))).toEqual(Array.from({ length: 250 }, (_, index) => index));
    expect(nextCursor).toBe("250");
    expect(server.requests.map(({ url }) => new URL(url, "http://x").search)).toEqual([
      "?limit=100",
      "?limit=100&after=100",
      "?limit=50&after=200",
    ]);
  });

  it("stops at a service that gives out the same page for ever", async () => {
    await using server = await openJsonServer(() => ({ body: { results: [], paging: { next: { after: "1" } } } }));
    const result = await call(server.url, { operation: "search", query: "ada" }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_refused" } });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.body).toMatchObject({ query: "ada", filterGroups: [], limit: 100 });
  });

  it.each<[string, Readonly<Record<string, unknown>>, JsonAnswer | null, string, string]>([
    [
      "a refusal",
      { operation: "create" },
      { status: 409, body: { category: "CONFLICT", message: "a@b.de exists" } },
      "failed",
      "service_refused",
    ],
    ["a lost answer of a create", { operation: "create" }, null, "waiting", "unknown_outcome"],
    ["a fault during a create", { operation: "create" }, { status: 502 }, "waiting", "unknown_outcome"],
    [
      "too many requests",
      { operation: "create" },
      { status: 429, headers: { "retry-after": "10" } },
      "failed",
      "service_unavailable",
    ],
    ["nothing like a record", { operation: "get", id: "1" }, { body: "<html>" }, "failed", "service_refused"],
    ["an expired token", { operation: "get", id: "1" }, { status: 401 }, "failed", "service_refused"],
  ])("tells what %s means", async (_, parameters, answer, status, code) => {
    await using server = await openJsonServer(() => answer);
    const result = await call(server.url, parameters).run();
    expect(result.status).toBe(status);
    if (status === "failed") expect(result.error?.code).toBe(code);
    expect(result.error?.message ?? "").not.toContain("a@b.de");
    expect(JSON.stringify(result)).not.toContain("pat-secret");
  });

  it.each<[string, JsonAnswer | null]>([
    ["a fault of the server", { status: 500 }],
    ["a lost answer", null],
  ])("repeats what may be repeated after %s", async (_, first) => {
    await using server = await openJsonServer((_request, index) => (index === 0 ? first : { body: { id: "1" } }));
    const update = call(server.url, { operation: "update", id: "1" });
    expect(await update.settings({ retry: { delaysMs: [0] } }).run()).toMatchObject({
      status: "completed",
      attempts: 2,
    });
  });

  it("does not start an update again by itself where the author made it once", async () => {
    await using server = await openJsonServer(() => ({ status: 500 }));
    const update = call(server.url, { operation: "update", id: "1" });
    const result = await update.settings({ effects: "once", retry: { delaysMs: [0] } }).run();
    expect(result.status).toBe("waiting");
    expect(server.requests).toHaveLength(1);
  });

  it.each(["..", ".", "a\nb", "\ud800"])("refuses the id %j, and keeps others within the path", async (id) => {
    await using server = await openJsonServer(() => ({ body: { id: "1" } }));
    const result = await call(server.url, { operation: "get", id: "{{input.id}}" }).input({ id }).run();
    expect(result).toMatchObject({ status: "failed" });
    expect(server.requests).toEqual([]);
    await call(server.url, { operation: "get", id: "../../oauth?x=1#y" }).run();
    expect(server.requests[0]?.url).toBe("/crm/v3/objects/contacts/..%2F..%2Foauth%3Fx%3D1%23y");
  });
});
