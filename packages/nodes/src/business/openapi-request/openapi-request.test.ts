import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { openJsonServer } from "../../io/messaging/test-support/json-server.js";
import { createOpenapiRequest } from "./openapi-request.js";

function documentFor(url: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    openapi: "3.0.3",
    info: { title: "Pets", version: "1" },
    servers: [{ url: `${url}/{version}`, variables: { version: { default: "v1", enum: ["v1", "v2"] } } }],
    paths: {
      "/pets/{petId}": {
        parameters: [{ $ref: "#/components/parameters/PetId" }],
        get: {
          operationId: "getPet",
          parameters: [
            { name: "tags", in: "query", schema: { type: "array", items: { type: "string" } } },
            { name: "ids", in: "query", explode: false, schema: { type: "array", items: { type: "integer" } } },
            { name: "filter", in: "query", style: "deepObject", schema: { type: "object" } },
            { name: "X-Trace", in: "header", schema: { type: "string" } },
            { name: "session", in: "cookie", schema: { type: "string" } },
          ],
        },
      },
      "/pets": {
        post: {
          operationId: "addPet",
          security: [{ key: [] }],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
          },
        },
      },
      "/login": {
        post: {
          operationId: "login",
          requestBody: {
            content: { "application/x-www-form-urlencoded": { schema: { type: "object", required: ["user"] } } },
          },
        },
      },
    },
    components: {
      parameters: {
        PetId: {
          name: "petId",
          in: "path",
          required: true,
          schema: { type: "integer", minimum: 0, exclusiveMinimum: true },
        },
      },
      schemas: {
        Pet: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string" },
            tag: { type: "string", nullable: true },
            mother: { $ref: "#/components/schemas/Pet" },
          },
        },
      },
      securitySchemes: {
        key: { type: "apiKey", in: "header", name: "X-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
    },
    ...more,
  };
}

function call(parameters: Readonly<Record<string, unknown>>, credential: Readonly<Record<string, unknown>> = {}) {
  return testNode(createOpenapiRequest())
    .parameters(Object.fromEntries(Object.keys(parameters).map((name) => [name, `{{input.${name}}}`])))
    .input(parameters)
    .credentials({ pets: credential })
    .engine({ http: fetch });
}

describe("openapi_request", () => {
  it("puts parameters where the document wants them", async () => {
    await using server = await openJsonServer(() => ({ body: { id: 7 } }));
    const { output } = await call({
      document: documentFor(server.url),
      operationId: "getPet",
      serverVariables: { version: "v2" },
      parameters: {
        petId: 7,
        tags: ["a b", "c&d"],
        ids: [1, 2],
        filter: { size: "big" },
        "X-Trace": "t 1",
        session: "s;1",
      },
    }).run();
    expect(output).toMatchObject({ status: 200, body: { id: 7 } });
    const [request] = server.requests;
    expect(request?.url).toBe("/v2/pets/7?tags=a+b&tags=c%26d&ids=1%2C2&filter%5Bsize%5D=big");
    expect(request?.headers).toMatchObject({ "x-trace": "t 1", cookie: "session=s%3B1" });
    expect(request?.headers["idempotency-key"]).toBeUndefined();
  });

  it("sends JSON and forms, signed in by the credential, with the idempotency key", async () => {
    await using server = await openJsonServer(() => ({ status: 201, body: {} }));
    const document = documentFor(server.url);
    const body = { name: "Rex", tag: null, mother: { name: "Bella" } };
    await call({ document, operationId: "addPet", body, credential: "pets" }, { apiKey: "key-secret" }).run();
    await call({ document, operationId: "POST /login", body: { user: "a&b", roles: ["x", "y"] } }).run();
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      url: "/v1/pets",
      body,
      headers: { "x-key": "key-secret" },
    });
    expect(server.requests[0]?.headers["idempotency-key"]).toBeDefined();
    expect(server.requests[1]?.text).toBe("user=a%26b&roles=x&roles=y");
    await call({ document, operationId: "addPet", body, credential: "pets" }, { value: "plain-secret" }).run();
    expect(server.requests[2]?.headers).toMatchObject({ "x-key": "plain-secret" });
  });

  it.each([
    ["an unknown operation", { operationId: "nothing" }, /no operation "nothing"/],
    ["a missing parameter", { operationId: "getPet" }, /needs the parameter "petId"/],
    [
      "a parameter of the wrong kind",
      { operationId: "getPet", parameters: { petId: "x" } },
      /parameter "petId" breaks/,
    ],
    ["a limit of version 3.0", { operationId: "getPet", parameters: { petId: 0 } }, /parameter "petId" breaks/],
    ["an unknown parameter", { operationId: "getPet", parameters: { petId: 1, x: 1 } }, /no parameter "x"/],
    ["a missing body", { operationId: "addPet" }, /needs a body/],
    [
      "a wrong body, deep inside",
      { operationId: "addPet", body: { name: "a", mother: { name: 5 } } },
      /\/mother\/name/,
    ],
    ["a body that is not taken", { operationId: "getPet", parameters: { petId: 1 }, body: {} }, /takes no body/],
    [
      "an unknown server variable",
      { operationId: "getPet", parameters: { petId: 1 }, serverVariables: { version: "v3" } },
      /version/,
    ],
    [
      "a header that ends early",
      { operationId: "getPet", parameters: { petId: 1, "X-Trace": "a\r\nX: y" } },
      /X-Trace/,
    ],
    [
      "a content type that is not offered",
      { operationId: "addPet", body: { name: "a" }, contentType: "text/csv" },
      /application\/json/,
    ],
  ])("names %s before anything is sent", async (_, parameters, message) => {
    await using server = await openJsonServer(() => ({}));
    const result = await call({ document: documentFor(server.url), ...parameters }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
    expect(result.error?.message).toMatch(message);
    expect(server.requests).toEqual([]);
  });

  it.each([
    [{ openapi: "2.0" }],
    [{ paths: { "/a": { get: { operationId: "getPet", parameters: [{ $ref: "#/nowhere" }] } } } }],
    [{ paths: { "/a": { $ref: "#/paths/~1a" } } }],
    [{ paths: { "/a": { $ref: "http://127.0.0.1:9/evil.json" } } }],
    [{ servers: [{ url: "file:///etc" }] }],
    [{ servers: [{ url: "http://user:pass@127.0.0.1" }] }],
    [{ servers: [{ url: "relative" }] }],
  ])("refuses a document with %j", async (more) => {
    await using server = await openJsonServer(() => ({}));
    const document = documentFor(server.url, more);
    const result = await call({ document, operationId: "getPet", parameters: { petId: 1 } }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
    expect(server.requests).toEqual([]);
  });

  it("reads YAML, and gets a document once for several requests", async () => {
    let documents = 0;
    await using server = await openJsonServer(({ url }) => {
      if (url !== "/openapi.yaml") return { body: {} };
      documents += 1;
      return { body: "openapi: 3.1.0\nservers: [{url: /api}]\npaths:\n  /ping:\n    get: {operationId: ping}\n" };
    });
    const parameters = { documentUrl: `${server.url}/openapi.yaml`, operationId: "ping" };
    const { status } = await call(parameters).run();
    expect(status).toBe("completed");
    expect(documents).toBe(1);
    expect(server.requests[1]?.url).toBe("/api/ping");
  });

  it("refuses YAML that grows without measure", async () => {
    const bomb = "openapi: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    const result = await call({ document: bomb, operationId: "x" }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
  });

  it("keeps a credential to the origins it names", async () => {
    await using server = await openJsonServer(() => ({}));
    const parameters = {
      document: documentFor(server.url),
      operationId: "addPet",
      body: { name: "a" },
      credential: "pets",
    };
    const elsewhere = await call(parameters, { apiKey: "key-secret", origins: ["https://pets.example"] }).run();
    expect(elsewhere).toMatchObject({ status: "failed", error: { code: "permission_denied" } });
    expect(server.requests).toEqual([]);
    expect((await call(parameters, { apiKey: "key-secret", origins: [server.url] }).run()).status).toBe("completed");
    expect(await call(parameters, { username: "x" }).run()).toMatchObject({ error: { code: "not_configured" } });
  });
});
