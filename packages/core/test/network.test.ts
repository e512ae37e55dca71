import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNode } from "../src/definition/define-node.js";
import { retryabilityOf } from "../src/execution/error-record.js";
import { GuardedHttp } from "../src/network/guarded-http.js";
import type { NetworkOptions } from "../src/network/network-options.js";
import { systemClock } from "../src/system/system-clock.js";
import { testClock } from "../src/testing/test-clock.js";
import { testEngine } from "../src/testing/test-engine.js";
import { answering, httpServer, httpServerAt, rawServer } from "./network-server.js";
import { runInChild } from "./support/run-in-child.js";

const opened: GuardedHttp[] = [];

function guarded(options: NetworkOptions = {}, clock = systemClock): GuardedHttp {
  const http = new GuardedHttp({ clock, options: { allow: ["loopback"], ...options } });
  opened.push(http);
  return http;
}

async function failureOf(call: Promise<unknown>): Promise<Error & { code?: string; isUnsent?: boolean }> {
  return call.then(
    () => {
      throw new Error("The call did not fail.");
    },
    (error) => error,
  );
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((http) => http.close()));
});

describe("calls", () => {
  it("sends method, headers and body, and gives a usual response", async () => {
    await using server = await httpServer(async (request, answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      answer.setHeader("set-cookie", ["a=1", "b=2"]).writeHead(201, "Made");
      answer.end(`${request.method} ${request.headers["x-a"]} ${Buffer.concat(chunks).toString()}`);
    });
    const response = await guarded().fetch(`${server.origin}/p?q=1`, {
      method: "post",
      headers: { "X-A": "b" },
      body: "text",
    });
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({
      status: 201,
      statusText: "Made",
      ok: true,
      redirected: false,
      url: `${server.origin}/p?q=1`,
    });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.text()).toBe("POST b text");
  });

  it("sends forms of this Node.js as multipart", async () => {
    await using server = await httpServer(async (request, answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const parsed = await new Response(Buffer.concat(chunks), {
        headers: { "content-type": request.headers["content-type"] as string },
      }).formData();
      answer.end(`${parsed.get("a")} ${await (parsed.get("file") as File).text()}`);
    });
    const body = new FormData();
    body.set("a", "1");
    body.set("file", new Blob(["content"]), "name.txt");
    expect(await (await guarded().fetch(server.origin, { method: "POST", body })).text()).toBe("1 content");
  });

  it.each([204, 304])("takes an answer of %s without a body", async (status) => {
    await using server = await httpServer((_, answer) => answer.writeHead(status).end());
    const response = await guarded().fetch(server.origin);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it("takes a status that Response knows nothing of", async () => {
    await using server = await answering("HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nhi");
    const response = await guarded().fetch(server.origin);
    expect([response.status, response.ok, await response.text()]).toEqual([999, false, "hi"]);
  });

  it.each([
    ["gzip", gzipSync("hello")],
    ["deflate", deflateSync("hello")],
    ["br", brotliCompressSync("hello")],
  ])("decompresses %s", async (encoding, bytes) => {
    await using server = await httpServer((_, answer) => answer.setHeader("content-encoding", encoding).end(bytes));
    expect(await (await guarded().fetch(server.origin)).text()).toBe("hello");
  });

  it("reuses a connection, and ends all of them when it is closed", async () => {
    await using server = await httpServer((_, answer) => answer.end("a"));
    const http = guarded();
    for (let call = 0; call < 10; call++) await (await http.fetch(server.origin)).text();
    expect(server.connections).toBeLessThan(10);
    await http.close();
    await expect(http.fetch(server.origin)).rejects.toMatchObject({ code: "engine_closed" });
  });

  it("stops when the signal says so, before and during the call, and while the body comes", async () => {
    await using server = await httpServer((request, answer) => {
      if (request.url === "/body") answer.write("begun");
    });
    const http = guarded();
    const reason = new Error("enough");
    await expect(http.fetch(server.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.connections).toBe(0);
    const during = new AbortController();
    const call = http.fetch(server.origin, { signal: during.signal });
    setTimeout(() => during.abort(reason), 20);
    await expect(call).rejects.toBe(reason);
    const body = new AbortController();
    const response = await http.fetch(`${server.origin}/body`, { signal: body.signal });
    setTimeout(() => body.abort(reason), 20);
    await expect(response.text()).rejects.toBe(reason);
  });
});

describe("limits", () => {
  it("refuses an answer that announces more than it may have", async () => {
    await using server = await httpServer((_, answer) => answer.end("x".repeat(2_000)));
    await expect(guarded({ maxResponseBytes: 1_999 }).fetch(server.origin)).rejects.toMatchObject({
      code: "response_too_large",
      name: "FatalNodeError",
    });
    expect(await (await guarded({ maxResponseBytes: 2_000 }).fetch(server.origin)).text()).toHaveLength(2_000);
  });

  it("stops reading an answer that does not end", async () => {
    let isOpen = true;
    await using server = await httpServer((_, answer) => {
      const write = () => {
        while (isOpen && answer.write("x".repeat(10_000)));
      };
      answer.on("drain", write).on("close", () => {
        isOpen = false;
      });
      write();
    });
    const response = await guarded({ maxResponseBytes: 100_000 }).fetch(server.origin);
    await expect(response.text()).rejects.toMatchObject({ code: "response_too_large" });
    await expect.poll(() => isOpen).toBe(false);
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ] as const)("stops a bomb in %s after as much as may be read", async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    await using server = await httpServer((_, answer) => answer.setHeader("content-encoding", encoding).end(bomb));
    const before = process.memoryUsage().rss;
    const response = await guarded({ maxResponseBytes: 1_000_000 }).fetch(server.origin);
    await expect(response.text()).rejects.toMatchObject({ code: "response_too_large" });
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
  });

  it("gives up on a server that does not answer, or falls silent", async () => {
    await using silent = await rawServer(() => undefined);
    await using stalling = await rawServer((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"));
    const http = guarded({ headersTimeoutMs: 50, bodyTimeoutMs: 50 });
    const noHead = await failureOf(http.fetch(silent.origin));
    expect(noHead).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT", isUnsent: false });
    const noBody = await failureOf((await http.fetch(stalling.origin)).text());
    expect(noBody).toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
    expect([noHead, noBody].map(retryabilityOf)).toEqual(["transient", "transient"]);
  });

  it("takes a lost connection for something that may pass", async () => {
    await using hangingUp = await rawServer((socket) => socket.once("data", () => socket.destroy()));
    await using short = await answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    await using chunked = await answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab");
    const http = guarded();
    const failures = [
      await failureOf(http.fetch(hangingUp.origin)),
      await failureOf((await http.fetch(short.origin)).text()),
      await failureOf((await http.fetch(chunked.origin)).text()),
    ];
    expect(failures.map(({ isUnsent }) => isUnsent)).toEqual([false, false, false]);
    expect(failures.map(retryabilityOf)).toEqual(["transient", "transient", "transient"]);
  });

  it("knows that nothing was sent where no connection came about", async () => {
    let closed: { origin: string; port: number };
    {
      await using server = await httpServer(() => undefined);
      closed = { origin: server.origin, port: server.port };
    }
    const failure = await failureOf(guarded().fetch(`${closed.origin}/secret?key=secret`));
    expect(failure).toMatchObject({ code: "ECONNREFUSED", isUnsent: true });
    expect(failure.message).not.toContain("secret");
    expect(retryabilityOf(failure)).toBe("transient");
    const unknown = new GuardedHttp({
      clock: systemClock,
      resolve: (_name, _options, callback) =>
        callback(Object.assign(new Error("no"), { code: "ENOTFOUND", syscall: "getaddrinfo" }), []),
    });
    opened.push(unknown);
    expect(await failureOf(unknown.fetch("http://nowhere.test/"))).toMatchObject({ code: "ENOTFOUND", isUnsent: true });
  });

  it.each([
    ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["broken chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    ["a flood of headers", `HTTP/1.1 200 OK\r\n${"x-flood: yes\r\n".repeat(5_000)}\r\n`],
    ["bytes that are no gzip", "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello"],
  ])("calls %s an invalid response", async (_, bytes) => {
    await using server = await answering(bytes);
    const call = guarded()
      .fetch(server.origin)
      .then((response) => response.text());
    await expect(call).rejects.toMatchObject({
      code: "invalid_response",
      message: expect.stringContaining("127.0.0.1"),
    });
  });

  it.each([
    { allow: "loopback" },
    { allow: ["no such thing/"] },
    { maxRedirects: -1 },
    { maxResponseBytes: 0 },
    { connectTimeoutMs: 1.5 },
  ])("refuses the options %j", (options) => {
    expect(() => new GuardedHttp({ clock: systemClock, options: options as NetworkOptions })).toThrow(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
  });
});

describe("redirects", () => {
  const CREDENTIALS = {
    authorization: "Bearer secret",
    cookie: "session=secret",
    "x-api-key": "secret",
    "proxy-authorization": "secret",
    "x-anything": "secret",
  };

  it("follows them to the end, ten at most", async () => {
    await using server = await httpServer((request, answer) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return answer.end("there");
      return answer.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const response = await guarded().fetch(`${server.origin}/10`);
    expect([response.redirected, response.url, await response.text()]).toEqual([true, `${server.origin}/0`, "there"]);
    await expect(guarded().fetch(`${server.origin}/11`)).rejects.toMatchObject({ code: "redirect_refused" });
    await expect(guarded({ maxRedirects: 2 }).fetch(`${server.origin}/3`)).rejects.toMatchObject({
      code: "redirect_refused",
    });
  });

  it("gives up on one that leads to itself", async () => {
    await using server = await httpServer((_, answer) => answer.writeHead(307, { location: "/" }).end());
    await expect(guarded().fetch(server.origin)).rejects.toMatchObject({ code: "redirect_refused" });
  });

  it.each([
    ["manual", 302, undefined],
    ["error", undefined, "redirect_refused"],
  ] as const)("with redirect %s does not follow", async (redirect, status, code) => {
    await using server = await httpServer((_, answer) => answer.writeHead(302, { location: "/a" }).end());
    const outcome = await guarded()
      .fetch(server.origin, { redirect })
      .catch((error: unknown) => error);
    expect(outcome).toMatchObject(status === undefined ? { code } : { status });
  });

  it("leaves credentials behind when they lead to another origin, and takes them along within one", async () => {
    const seen: Record<string, unknown>[] = [];
    await using other = await httpServer((request, answer) => {
      seen.push(request.headers);
      answer.end();
    });
    await using server = await httpServer((request, answer) => {
      seen.push(request.headers);
      const location = request.url === "/out" ? other.origin : "/out";
      answer.writeHead(307, { location }).end();
    });
    await guarded().fetch(server.origin, {
      headers: { ...CREDENTIALS, accept: "text/plain", "idempotency-key": "k", "user-agent": "me" },
    });
    expect(seen[1]).toMatchObject(CREDENTIALS);
    expect(JSON.stringify(seen[2])).not.toContain("secret");
    expect(seen[2]).toMatchObject({ accept: "text/plain", "idempotency-key": "k", "user-agent": "me" });
  });

  it.each([
    [301, "POST", "GET ", undefined],
    [302, "POST", "GET ", undefined],
    [303, "PUT", "GET ", undefined],
    [302, "PUT", "PUT body", "text/plain"],
    [307, "POST", "POST body", "text/plain"],
    [308, "PATCH", "PATCH body", "text/plain"],
  ])("after %s to a %s goes on as %s", async (status, method, expected, contentType) => {
    await using server = await httpServer(async (request, answer) => {
      if (request.url === "/") return answer.writeHead(status, { location: "/next" }).end();
      let body = "";
      for await (const chunk of request) body += chunk;
      return answer.end(`${request.method} ${body}|${request.headers["content-type"]}`);
    });
    const response = await guarded().fetch(server.origin, {
      method,
      body: "body",
      headers: { "content-type": "text/plain" },
    });
    expect(await response.text()).toBe(`${expected}|${contentType}`);
  });

  it("does not send a stream twice", async () => {
    await using server = await httpServer((_, answer) => answer.writeHead(307, { location: "/next" }).end());
    const body = new Response("stream").body as ReadableStream;
    await expect(guarded().fetch(server.origin, { method: "POST", body })).rejects.toMatchObject({
      code: "redirect_refused",
    });
  });
});

describe("the circuit of a host", () => {
  it("opens at the fifth failure, is tried after 30 s, and closes at a success", async () => {
    let status = 503;
    await using server = await httpServer((_, answer) => answer.writeHead(status).end());
    await using healthy = await httpServer((_, answer) => answer.end());
    const clock = testClock();
    const http = guarded({}, clock);
    for (let call = 0; call < 5; call++) expect((await http.fetch(server.origin)).status).toBe(503);
    await expect(http.fetch(server.origin)).rejects.toMatchObject({ code: "circuit_open", retryAfterMs: 30_000 });
    expect((await http.fetch(healthy.origin)).status).toBe(200);
    await clock.advance("30s");
    status = 200;
    expect((await http.fetch(server.origin)).status).toBe(200);
    expect((await http.fetch(server.origin)).status).toBe(200);
  });

  it("counts lost connections, but no 4xx and nobody's giving up", async () => {
    await using refusing = await httpServer((request, answer) => {
      if (request.url === "/hang") return;
      answer.writeHead(429).end();
    });
    const http = guarded();
    for (let call = 0; call < 6; call++) {
      await (await http.fetch(refusing.origin)).text();
      await http.fetch(`${refusing.origin}/hang`, { signal: AbortSignal.timeout(5) }).catch(() => undefined);
    }
    expect((await http.fetch(refusing.origin)).status).toBe(429);
    await using hangingUp = await rawServer((socket) => socket.once("data", () => socket.destroy()));
    for (let call = 0; call < 5; call++) await http.fetch(hangingUp.origin).catch(() => undefined);
    await expect(http.fetch(hangingUp.origin)).rejects.toMatchObject({ code: "circuit_open" });
  });
});

describe("ctx.http", () => {
  const call = defineNode({
    type: "call",
    parameters: z.object({ url: z.string() }),
    execute: async ({ http, parameters, signal }) => (await http(parameters.url, { signal })).text(),
  });
  const definition = (url: string) => ({ nodes: [{ id: "a", type: "call", data: { url } }] });

  it("is guarded, and lets pass what the engine's network option allows", async () => {
    await using server = await httpServer((_, answer) => answer.end("hello"));
    await using closed = await testEngine({ nodes: [call] });
    expect(await closed.run(definition(server.origin))).toMatchObject({
      status: "failed",
      error: { code: "address_refused" },
    });
    expect(server.connections).toBe(0);
    await using open = await testEngine({ nodes: [call], network: { allow: [`127.0.0.1:${server.port}`] } });
    expect(await open.run(definition(server.origin))).toMatchObject({ status: "completed" });
    expect(server.connections).toBe(1);
  });

  it("calls an allowed address at whatever port, and loses the connection where nobody listens", async () => {
    await using engine = await testEngine({ nodes: [call], network: { allow: ["loopback"] } });
    const failing = {
      nodes: [
        { id: "a", type: "call", data: { url: "http://127.0.0.1:1/" }, retry: { maxAttempts: 2, delaysMs: [0] } },
      ],
    };
    expect(await engine.run(failing)).toMatchObject({
      status: "failed",
      error: { code: "ECONNREFUSED" },
      nodes: { a: { attempts: 2 } },
    });
  });

  it("reaches a server at a port that fetch reserves", async () => {
    const requests: unknown[] = [];
    await using server = await httpServerAt([10_080, 6_697, 6_669, 6_566], (request, answer) => {
      requests.push([request.method, request.url, request.headers.host]);
      if (request.url !== "/first?a=1") return request.pipe(answer);
      return answer.writeHead(307, { location: "/second" }).end();
    });
    const http = guarded({ allow: [`127.0.0.1:${server.port}`] });
    const response = await http.fetch(`${server.origin}/first?a=1`, { method: "POST", body: "hello" });
    expect([response.url, await response.text()]).toEqual([`${server.origin}/second`, "hello"]);
    expect(requests).toEqual([
      ["POST", "/first?a=1", `127.0.0.1:${server.port}`],
      ["POST", "/second", `127.0.0.1:${server.port}`],
    ]);
  });

  it("is what the host gives in its place", async () => {
    await using engine = await testEngine({ nodes: [call], http: async (url) => new Response(`called ${url}`) });
    expect((await engine.run(definition("http://10.0.0.1/"))).output).toBe("called http://10.0.0.1/");
  });

  it("is tried again after a lost connection", async () => {
    let calls = 0;
    await using server = await httpServer((request, answer) => {
      if (++calls < 3) return request.socket.destroy();
      return answer.end("third");
    });
    await using engine = await testEngine({ nodes: [call], network: { allow: ["loopback"] } });
    const running = engine.run(definition(server.origin));
    await expect.poll(() => calls).toBe(1);
    await expect.poll(() => engine.advance("30s").then(() => calls)).toBe(3);
    expect(await running).toMatchObject({ status: "completed", nodes: { a: { attempts: 3 } } });
  });

  it("leaves undici unloaded until it is used", async () => {
    const { exitCode, stdout, stderr } = await runInChild(new URL("./network-import-child.ts", import.meta.url));
    expect([exitCode, stdout.trim(), stderr]).toEqual([0, "[]", ""]);
  });
});
