import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { type JsonAnswer, openJsonServer, type SeenRequest } from "../../io/messaging/test-support/json-server.js";
import { createSalesforce } from "./salesforce.js";

/** Signs in with the tokens t1, t2 …; the first `expired` of them are refused. */
async function openSalesforce(answer: (request: SeenRequest) => JsonAnswer | null, { expired = 0 } = {}) {
  let tokens = 0;
  const server = await openJsonServer((request) => {
    if (request.url === "/services/oauth2/token") {
      tokens += 1;
      return { body: { access_token: `t${tokens}`, instance_url: server.url } };
    }
    const number = Number(/Bearer t(\d+)/.exec(request.headers.authorization ?? "")?.[1]);
    if (!(number > expired)) return { status: 401, body: [{ errorCode: "INVALID_SESSION_ID", message: "expired" }] };
    return answer(request);
  });
  return server;
}

const credentialFor = (url: string) => ({ loginUrl: url, clientId: "id", clientSecret: "sf-secret" });

function call(url: string, parameters: Readonly<Record<string, unknown>>, node = createSalesforce()) {
  return testNode(node)
    .parameters(parameters)
    .credentials({ salesforce: credentialFor(url) })
    .engine({ http: fetch });
}

describe("salesforce", () => {
  it("queries with bound values and follows the pages", async () => {
    await using server = await openSalesforce(({ url }) =>
      url.includes("/query?")
        ? {
            body: {
              totalSize: 3,
              done: false,
              records: [{ Id: "1" }, { Id: "2" }],
              nextRecordsUrl: "/services/data/v62.0/query/01g-2000",
            },
          }
        : { body: { totalSize: 3, done: true, records: [{ Id: "3" }] } },
    );
    const soql = "SELECT Id FROM Contact WHERE Name = :name";
    const { output } = await call(server.url, { operation: "query", soql, bindings: { name: "O'Brien" } }).run();
    expect(output).toEqual({ items: [{ Id: "1" }, { Id: "2" }, { Id: "3" }], total: 3 });
    const [signIn, first, second] = server.requests;
    expect(Object.fromEntries(new URLSearchParams(signIn?.text))).toEqual({
      grant_type: "client_credentials",
      client_id: "id",
      client_secret: "sf-secret",
    });
    expect(new URL(first?.url ?? "", "http://x").searchParams.get("q")).toBe(
      "SELECT Id FROM Contact WHERE Name = 'O\\'Brien'",
    );
    expect(second?.url).toBe("/services/data/v62.0/query/01g-2000");
  });

  it.each([
    [
      { operation: "get", object: "Contact", id: "003", returnFields: ["Id", "Account.Name"] },
      "GET",
      "/Contact/003?fields=Id%2CAccount.Name",
      200,
      { Id: "003" },
    ],
    [
      { operation: "create", object: "Car__c", fields: { Vin__c: "1" } },
      "POST",
      "/Car__c",
      201,
      { id: "a01", created: true },
    ],
    [
      { operation: "update", object: "Contact", id: "003", fields: { City: "Ulm" } },
      "PATCH",
      "/Contact/003",
      204,
      { id: "003", updated: true },
    ],
    [
      { operation: "upsert", object: "Contact", externalIdField: "Key__c", id: "a/b", fields: {} },
      "PATCH",
      "/Contact/Key__c/a%2Fb",
      201,
      { id: "a01", created: true },
    ],
    [
      { operation: "delete", object: "Contact", id: "003" },
      "DELETE",
      "/Contact/003",
      204,
      { id: "003", deleted: true },
    ],
  ])("sends %j", async (parameters, method, path, status, expected) => {
    const body = method === "GET" ? { Id: "003" } : status === 204 ? undefined : { id: "a01", success: true };
    await using server = await openSalesforce(() => ({ status, body }));
    const { output } = await call(server.url, parameters).run();
    expect(output).toEqual(expected);
    expect(server.requests[1]).toMatchObject({ method, url: `/services/data/v62.0/sobjects${path}` });
  });

  it("signs in anew when the token has run out, also for what may take place only once", async () => {
    await using server = await openSalesforce(() => ({ status: 201, body: { id: "a01" } }), { expired: 1 });
    const result = await call(server.url, { operation: "create", object: "Lead" }).run();
    expect(result).toMatchObject({ status: "completed", output: { id: "a01" } });
    expect(server.requests.map(({ url }) => url.split("/").at(-1))).toEqual(["token", "Lead", "token", "Lead"]);
  });

  it("fails when a new token is refused too", async () => {
    await using server = await openSalesforce(() => ({}), { expired: 9 });
    const result = await call(server.url, { operation: "create", object: "Lead" }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_refused" } });
    expect(server.requests).toHaveLength(4);
    expect(JSON.stringify(result)).not.toContain("sf-secret");
  });

  it("asks for one token when many nodes need it at once", async () => {
    await using server = await openSalesforce(() => ({ body: { Id: "1" } }));
    const secrets = { get: async () => credentialFor(server.url) };
    await using engine = await testEngine({ nodes: [createSalesforce()], secrets, http: fetch });
    const data = { operation: "get", object: "Lead", id: "1" };
    const nodes = Array.from({ length: 8 }, (_, index) => ({ id: `n${index}`, type: "salesforce", data }));
    expect((await engine.run({ nodes })).status).toBe("completed");
    expect(server.requests.filter(({ url }) => url.endsWith("/token"))).toHaveLength(1);
  });

  it.each<[JsonAnswer | null, string, string]>([
    [{ status: 403, body: [{ errorCode: "REQUEST_LIMIT_EXCEEDED" }] }, "failed", "service_unavailable"],
    [{ status: 400, body: [{ errorCode: "UNABLE_TO_LOCK_ROW" }] }, "failed", "service_unavailable"],
    [
      { status: 400, body: [{ errorCode: "REQUIRED_FIELD_MISSING", message: "secret name" }] },
      "failed",
      "service_refused",
    ],
    [null, "waiting", "unknown_outcome"],
    [{ status: 500 }, "waiting", "unknown_outcome"],
    [{ status: 201, body: {} }, "waiting", "unknown_outcome"],
  ])("tells what %j means for a create", async (answer, status, code) => {
    await using server = await openSalesforce(() => answer);
    const result = await call(server.url, { operation: "create", object: "Lead" }).run();
    expect(result.status).toBe(status);
    if (status === "failed") expect(result.error?.code).toBe(code);
  });

  it.each([
    { operation: "get", object: "Contact/../x", id: "1" },
    { operation: "get", object: "Contact" },
    { operation: "query" },
    { operation: "upsert", object: "Contact", id: "1", externalIdField: "a b" },
    { operation: "get", object: "Contact", id: "1", apiVersion: "v1/../.." },
  ])("refuses %j", async (parameters) => {
    await expect(call("http://127.0.0.1:9", parameters).run()).rejects.toMatchObject({ code: "invalid_definition" });
  });
});
