import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { answerJson, testServer } from "../../http/test-server.js";
import { httpRequest } from "./http-request.js";

const NETWORK = { network: { allow: ["loopback"] } };
const SECRET = "s3cret-value";

function run(parameters: Readonly<Record<string, unknown>>, credentials = {}) {
  return testNode(httpRequest).parameters(parameters).credentials(credentials).engine(NETWORK).run();
}

describe("http_request", () => {
  it("gets, and gives status, headers and body", async () => {
    await using server = await testServer((_, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      answerJson(response, { found: [1, 2] });
    });
    const { output } = await run({ url: `${server.origin}/p?a=1`, query: { b: [2, 3], c: true, d: null } });
    expect(output).toMatchObject({
      status: 200,
      headers: { "content-type": "application/json", "set-cookie": ["a=1", "b=2"] },
      body: { found: [1, 2] },
    });
    expect(server.seen[0]).toMatchObject({ method: "GET", path: "/p?a=1&b=2&b=3&c=true", body: "" });
    expect(server.seen[0]?.headers["idempotency-key"]).toBeUndefined();
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])(
    "gives %s a key by which the target can tell a repetition",
    async (method) => {
      await using server = await testServer((_, response) => response.end());
      const { events } = await run({ method, url: server.origin });
      await run({ method, url: server.origin, headers: { "Idempotency-Key": "mine" } });
      expect(server.seen.map(({ headers }) => headers["idempotency-key"])).toEqual([
        `${events[0]?.executionId}:node`,
        "mine",
      ]);
    },
  );

  it("is idempotent, and known as http", () => {
    expect(httpRequest).toMatchObject({
      effects: "idempotent",
      aliases: ["http"],
      permissions: ["net", "credentials"],
    });
  });

  it("does not reach what is not public unless the engine allows it", async () => {
    await using server = await testServer((_, response) => response.end());
    const { error } = await testNode(httpRequest).parameters({ url: server.origin }).run();
    expect(error).toMatchObject({ code: "address_refused" });
    expect(server.seen).toEqual([]);
  });

  it.each([
    [{ url: "no url" }, "invalid_url"],
    [{ url: "file:///etc/passwd" }, "address_refused"],
    [{ url: "http://user:word@127.0.0.1/" }, "invalid_url"],
    [{ url: "http://127.0.0.1", body: { a: 1 } }, "invalid_input"],
    [{ url: "http://127.0.0.1", method: "POST", bodyKind: "form", body: [1] }, "invalid_input"],
    [{ url: "http://127.0.0.1", method: "POST", bodyKind: "text", body: { a: 1 } }, "invalid_input"],
    [{ url: "http://127.0.0.1", headers: { "content-length": 1 } }, "invalid_input"],
    [{ url: "http://127.0.0.1", auth: { type: "bearer", credential: "none" } }, "credential_not_found"],
  ])("refuses %j before anything is sent", async (parameters, code) => {
    expect((await run(parameters)).error).toMatchObject({ code });
  });
});

describe("parameters of http_request", () => {
  it.each([
    [{ method: "BREW" }, "method"],
    [{ allowedStatus: "9xx" }, "allowedStatus"],
    [{ auth: { type: "magic" } }, "auth"],
    [{ auth: { type: "bearer" } }, "auth"],
    [{ auth: "none" }, "auth"],
    [{ pagination: { type: "page", maxPages: 0 } }, "pagination"],
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ url: "" }, "url"],
  ])("are checked: %j", (parameters, name) => {
    const { error } = httpRequest.parameterSchema?.safeParse({ url: "http://a", ...parameters }) ?? {};
    expect(error?.issues[0]?.path[0]).toBe(name);
  });
});

describe("other ways to write parameters of http_request", () => {
  const parse = (parameters: object) => httpRequest.parameterSchema?.parse({ url: "http://a", ...parameters });

  it.each(["post", "Post"])("the method %s", (method) => {
    expect(parse({ method })).toMatchObject({ method: "POST" });
  });

  it.each([null, { type: "none" }])("the authentication %j for none", (auth) => {
    expect(parse({ auth })?.auth).toBeUndefined();
  });

  it.each(["urlencoded", "x-www-form-urlencoded", "FORM"])("the body kind %s for form", (bodyKind) => {
    expect(parse({ bodyKind })).toMatchObject({ bodyKind: "form" });
  });

  it("do not include a secret in parameters, and the message names the remedy", () => {
    const auth = { type: "bearer", token: SECRET };
    const { error } = httpRequest.parameterSchema?.safeParse({ url: "http://a", auth }) ?? {};
    expect(error?.issues).toMatchObject([{ path: ["auth", "credential"], message: /^Give credential, the name/ }]);
  });
});

describe("bodies of http_request", () => {
  it.each([
    [{ body: { a: "ä" } }, '{"a":"ä"}', "application/json"],
    [{ body: [1], bodyKind: "json" }, "[1]", "application/json"],
    [{ body: "plain" }, "plain", "text/plain;charset=utf-8"],
    [{ body: '{"a":1}', bodyKind: "json" }, '"{\\"a\\":1}"', "application/json"],
    [
      { body: { a: "x y", b: [1, true], c: null }, bodyKind: "form" },
      "a=x+y&b=1&b=true",
      "application/x-www-form-urlencoded",
    ],
    [{ body: "<a/>", bodyKind: "raw", headers: { "Content-Type": "text/xml" } }, "<a/>", "text/xml"],
    [{ body: false }, "false", "application/json"],
  ])("writes %j", async (parameters, body, contentType) => {
    await using server = await testServer((_, response) => response.end());
    const { error } = await run({ method: "POST", url: server.origin, ...parameters });
    expect(error).toBeUndefined();
    expect(server.seen[0]?.body).toBe(body);
    expect(server.seen[0]?.headers["content-type"]).toBe(contentType);
  });

  it("writes fields and files as multipart, from base64 and from blobs", async () => {
    await using server = await testServer((request, response) => {
      if (request.method === "POST") return response.end();
      return response.setHeader("content-type", "image/png").end(Buffer.from([1, 2, 3]));
    });
    await using engine = await testEngine({ nodes: [httpRequest], ...NETWORK });
    const { status } = await engine.run({
      nodes: [
        { id: "image", type: "http_request", data: { url: server.origin } },
        {
          id: "send",
          type: "http",
          data: {
            method: "POST",
            url: server.origin,
            bodyKind: "multipart",
            headers: { "content-type": "multipart/form-data" },
            body: {
              title: "two files",
              tags: ["a", 1],
              text: { base64: Buffer.from("content").toString("base64"), filename: "a.txt", contentType: "text/plain" },
              image: "{{ input.body }}",
              named: { blob: "{{ input.body }}", filename: "b.png" },
            },
          },
        },
      ],
      edges: [{ source: "image", target: "send" }],
    });
    expect(status).toBe("completed");
    const sent = server.seen[1];
    const form = await new Response(sent?.bytes as Buffer<ArrayBuffer>, {
      headers: { "content-type": sent?.headers["content-type"] as string },
    }).formData();
    expect([form.get("title"), form.getAll("tags")]).toEqual(["two files", ["a", "1"]]);
    const [text, image, named] = ["text", "image", "named"].map((name) => form.get(name) as File);
    expect([text?.name, text?.type, await text?.text()]).toEqual(["a.txt", "text/plain", "content"]);
    expect([image?.name, image?.type, image?.size]).toEqual(["image", "image/png", 3]);
    expect([named?.name, named?.type, named?.size]).toEqual(["b.png", "image/png", 3]);
  });

  it.each([{ base64: "no base64!" }, { name: "x" }, { nested: { a: 1 } }])("refuses the file %j", async (file) => {
    const { error } = await run({ method: "POST", url: "http://127.0.0.1", bodyKind: "multipart", body: { file } });
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining('"file"') });
  });
});

describe("answers to http_request", () => {
  it.each([
    ["application/json", "auto", '{"a":1}', { a: 1 }],
    ["application/problem+json; charset=utf-8", "auto", '{"a":1}', { a: 1 }],
    ["text/html", "auto", "<p>", "<p>"],
    ["text/plain", "json", "[1]", [1]],
    ["application/json", "text", "[1]", "[1]"],
    ["application/json", "auto", "", null],
    ["application/json", "none", "[1]", null],
    ["text/plain", "text", "", ""],
    [undefined, "auto", "plain", "plain"],
  ])("of type %s are read as %s: %s", async (contentType, responseKind, content, body) => {
    await using server = await testServer((_, response) => {
      if (contentType !== undefined) response.setHeader("content-type", contentType);
      response.end(content);
    });
    expect((await run({ url: server.origin, responseKind })).output).toMatchObject({ body });
  });

  it.each(["application/pdf", undefined])("of type %s become blobs when they are no text", async (contentType) => {
    const bytes = Buffer.from([0xff, 0, 1, 2]);
    await using server = await testServer((_, response) => {
      if (contentType !== undefined) response.setHeader("content-type", contentType);
      response.end(bytes);
    });
    const { output } = await run({ url: server.origin });
    expect(output).toMatchObject({
      body: { $blob: expect.any(String), bytes: 4, contentType: contentType ?? "application/octet-stream" },
    });
  });

  it("say clearly when JSON was asked for and something else came", async () => {
    await using server = await testServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<html>"),
    );
    const { error } = await run({ url: server.origin, responseKind: "json" });
    expect(error).toMatchObject({ code: "invalid_response", message: expect.stringContaining('"text/html"') });
  });

  it("with keys that reach a prototype do no harm", async () => {
    await using server = await testServer((_, response) =>
      response.setHeader("content-type", "application/json").end('{"__proto__": {"polluted": true}}'),
    );
    await run({ url: server.origin });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each(["text", "binary", "json"])("may be read as %s only up to a limit", async (responseKind) => {
    await using server = await testServer((_, response) => {
      response.write("x".repeat(600));
      response.end("x".repeat(600));
    });
    const { error } = await run({ url: server.origin, responseKind, maxResponseBytes: 1_000 });
    expect(error).toMatchObject({ code: "response_too_large" });
  });

  it("are given up when they take too long, in head or body, which may pass", async () => {
    await using server = await testServer((request, response) => {
      if (request.path === "/body") response.write("begun");
    });
    for (const path of ["/head", "/body"]) {
      const { error } = await run({ url: `${server.origin}${path}`, timeoutMs: 50 });
      expect(error).toMatchObject({ code: "ETIMEDOUT", message: expect.stringContaining("50 ms") });
    }
  });

  it.each([
    ["follow", 200],
    ["manual", 302],
  ])("with redirect %s end in %s", async (redirect, status) => {
    await using server = await testServer((request, response) =>
      request.path === "/" ? response.writeHead(302, { location: "/there" }).end() : response.end("there"),
    );
    expect((await run({ url: server.origin, redirect })).output).toMatchObject({ status });
  });

  it("to HEAD have no body", async () => {
    await using server = await testServer((_, response) => response.setHeader("content-length", "5").end());
    expect((await run({ url: server.origin, method: "HEAD" })).output).toMatchObject({ status: 200, body: null });
  });
});

describe("an http_request that is cancelled", () => {
  it("ends its connection", async () => {
    let isOpen = false;
    await using server = await testServer((_, response) => {
      isOpen = true;
      response.write("begun");
      response.on("close", () => {
        isOpen = false;
      });
    });
    await using engine = await testEngine({ nodes: [httpRequest], ...NETWORK });
    const handle = await engine.execute({ nodes: [{ id: "a", type: "http", data: { url: server.origin } }] });
    await expect.poll(() => isOpen).toBe(true);
    await engine.cancel(handle.id);
    expect(await handle.result()).toMatchObject({ status: "cancelled" });
    await expect.poll(() => isOpen).toBe(false);
  });
});

describe("failures of http_request", () => {
  it.each([400, 401, 403, 404, 422])("%s is final", async (status) => {
    await using server = await testServer((_, response) => answerJson(response, { why: "so" }, status));
    const { error, attempts } = await testNode(httpRequest)
      .parameters({ url: `${server.origin}/path?key=value` })
      .settings({ retry: { maxAttempts: 3, delaysMs: [0] } })
      .engine(NETWORK)
      .run();
    expect(error).toMatchObject({ code: "http_error", details: { status, method: "GET", body: '{"why":"so"}' } });
    expect(error?.message).toContain(String(status));
    expect(error?.message).not.toMatch(/path|value|why/);
    expect(attempts).toBe(1);
  });

  it.each([
    ["GET", 408],
    ["GET", 425],
    ["GET", 429],
    ["GET", 500],
    ["GET", 503],
    ["POST", 429],
    ["POST", 500],
    ["POST", 503],
    ["PUT", 502],
  ])("%s with %s is tried again, as the target asks", async (method, status) => {
    let calls = 0;
    await using server = await testServer((_, response) => {
      if (++calls > 1) return response.end("done");
      return response.writeHead(status, { "retry-after": "7" }).end();
    });
    await using engine = await testEngine({ nodes: [httpRequest], ...NETWORK });
    const scheduled = new Promise((resolve) => engine.on("node.retry_scheduled", ({ data }) => resolve(data)));
    const retry = { maxAttempts: 2, delaysMs: [1_000], on: "transient" as const };
    const running = engine.run({
      nodes: [{ id: "a", type: "http_request", retry, data: { method, url: server.origin } }],
    });
    const first = await Promise.race([scheduled, running]);
    expect(first).toMatchObject({ delayMs: 7_000 });
    await engine.advance("7s");
    expect(await running).toMatchObject({ status: "completed", nodes: { a: { attempts: 2 } } });
    expect(calls).toBe(2);
  });

  it("are none for the statuses allowed", async () => {
    await using server = await testServer((request, response) =>
      answerJson(response, 1, Number(request.path.slice(1))),
    );
    for (const [status, allowedStatus] of [
      [404, 404],
      [418, "4xx"],
      [500, [404, "5xx"]],
    ] as const)
      expect((await run({ url: `${server.origin}/${status}`, allowedStatus })).output).toMatchObject({
        status,
        body: 1,
      });
    expect((await run({ url: `${server.origin}/500`, allowedStatus: "4xx" })).error).toMatchObject({
      code: "http_error",
    });
  });

  it("show a bounded beginning of the answer, of texts alone", async () => {
    await using server = await testServer((request, response) => {
      response.writeHead(404, { "content-type": request.path === "/text" ? "text/plain" : "image/png" });
      response.end("y".repeat(1_000_000));
    });
    const text = (await run({ url: `${server.origin}/text` })).error?.details as { body: string };
    expect(text.body).toBe("y".repeat(2_000));
    expect((await run({ url: `${server.origin}/image` })).error?.details).toMatchObject({ body: null });
  });

  it("leave a once node undecided when the target may have acted, and not when it cannot have", async () => {
    await using server = await testServer((request, response) => {
      if (request.path === "/reset") return response.destroy();
      return response.writeHead(Number(request.path.slice(1))).end();
    });
    const once = (url: string) =>
      testNode(httpRequest)
        .parameters({ method: "POST", url })
        .settings({ effects: "once", retry: { maxAttempts: 1 } })
        .engine(NETWORK)
        .run();
    for (const path of ["500", "502", "503", "504", "reset"])
      expect((await once(`${server.origin}/${path}`)).status, path).toBe("waiting");
    for (const path of ["408", "429"]) expect((await once(`${server.origin}/${path}`)).status, path).toBe("failed");
    await server[Symbol.asyncDispose]();
    const { status, error } = await once(server.origin);
    expect([status, error?.code]).toEqual(["failed", "ECONNREFUSED"]);
  });

  it("of a connection say nothing of the URL but its host", async () => {
    const { error } = await run({ url: "http://127.0.0.1:9/hidden?key=hidden" });
    expect(JSON.stringify(error)).not.toContain("hidden");
  });
});

describe("auth of http_request", () => {
  const CASES = [
    [
      "basic",
      { username: "ada", password: SECRET },
      {},
      ["authorization", `Basic ${Buffer.from(`ada:${SECRET}`).toString("base64")}`],
    ],
    ["bearer", { token: SECRET }, {}, ["authorization", `Bearer ${SECRET}`]],
    ["bearer", { api_key: SECRET }, {}, ["authorization", `Bearer ${SECRET}`]],
    ["bearer", { value: `${SECRET}\n` }, {}, ["authorization", `Bearer ${SECRET}`]],
    ["header", { value: SECRET }, { name: "X-Api-Key" }, ["x-api-key", SECRET]],
    ["header", { value: SECRET, name: "X-Own" }, {}, ["x-own", SECRET]],
  ] as const;

  it.each(CASES)("%s is sent, and shown nowhere", async (type, credential, more, [name, value]) => {
    await using server = await testServer((request, response) =>
      answerJson(response, { echo: request.headers[name] }, request.path === "/bad" ? 403 : 200),
    );
    const auth = { type, credential: "own", ...more };
    const good = await run({ url: server.origin, auth }, { own: credential });
    const bad = await run({ url: `${server.origin}/bad`, auth }, { own: credential });
    expect(server.seen.map(({ headers }) => headers[name])).toEqual([value, value]);
    expect(good.status).toBe("completed");
    expect(bad.error).toMatchObject({ code: "http_error" });
    const shown = JSON.stringify([good, bad]);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain(Buffer.from(`ada:${SECRET}`).toString("base64"));
  });

  it("query puts the key into the URL, which is shown nowhere", async () => {
    await using server = await testServer((request, response) => answerJson(response, request.path, 404));
    const { error } = await run(
      { url: `${server.origin}/?a=1`, auth: { type: "query", credential: "own", name: "key" } },
      { own: { value: SECRET } },
    );
    expect(server.seen[0]?.path).toBe(`/?a=1&key=${SECRET}`);
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it("stays behind when a redirect leads to another origin", async () => {
    await using other = await testServer((_, response) => response.end());
    await using server = await testServer((_, response) => response.writeHead(307, { location: other.origin }).end());
    for (const auth of [
      { type: "bearer", credential: "own" },
      { type: "header", credential: "own", name: "x-key" },
    ])
      await run({ method: "POST", url: server.origin, body: 1, auth }, { own: { value: SECRET } });
    expect(other.seen).toHaveLength(2);
    expect(JSON.stringify(other.seen.map(({ headers }) => headers))).not.toContain(SECRET);
  });

  it.each([
    [{ type: "basic" }, { username: "a" }],
    [{ type: "bearer" }, { other: "a" }],
    [{ type: "header", name: "x-a" }, { value: "line\nbreak" }],
    [{ type: "header", name: "bad name" }, { value: "value" }],
    [{ type: "oauth2" }, { clientId: "a" }],
  ])("says what is wrong with the credential of %j", async (auth, credential) => {
    const { error } = await run(
      { url: "http://127.0.0.1:9", auth: { ...auth, credential: "own" } },
      { own: credential },
    );
    expect(error).toMatchObject({ code: "credential_unusable" });
    expect(JSON.stringify(error)).not.toContain("line");
  });
});
