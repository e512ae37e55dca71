import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { answerJson, type SeenRequest, testServer } from "../../http/test-server.js";
import { httpRequest } from "./http-request.js";

const NETWORK = { network: { allow: ["loopback"] } };
const AUTH = { type: "oauth2", credential: "own", scope: "read write" };

/** Gives tokens at /token, and takes the ones it has not revoked. */
async function provider(options: { expiresIn?: number; tokenStatus?: number; answer?: unknown } = {}) {
  let tokens = 0;
  const revoked = new Set<string>();
  const server = await testServer((request, response) => {
    if (request.path === "/token") {
      if (options.tokenStatus !== undefined)
        return answerJson(response, { error: "invalid_client", error_description: "hush" }, options.tokenStatus);
      return answerJson(
        response,
        options.answer ?? {
          access_token: `access-token-${++tokens}`,
          token_type: "Bearer",
          expires_in: options.expiresIn ?? 3_600,
        },
      );
    }
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    return answerJson(response, { token }, revoked.has(token) ? 401 : 200);
  });
  const calls = (path: string): readonly SeenRequest[] => server.seen.filter((request) => request.path === path);
  const credential = { clientId: "id:1", clientSecret: "s3cret/+", tokenUrl: `${server.origin}/token` };
  return { server, revoked, calls, credential, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function engineWith(credential: Readonly<Record<string, unknown>>) {
  return testEngine({ nodes: [httpRequest], secrets: { get: async () => credential }, ...NETWORK });
}

const call = (url: string, more = {}) => ({ nodes: [{ id: "a", type: "http", data: { url, auth: AUTH, ...more } }] });

describe("oauth2 of http_request", () => {
  it("fetches a token once for many nodes at a time, and keeps it", async () => {
    await using api = await provider();
    await using engine = await engineWith(api.credential);
    await Promise.all(Array.from({ length: 10 }, () => engine.run(call(api.server.origin))));
    const { output } = await engine.run(call(api.server.origin));
    expect(api.calls("/token")).toHaveLength(1);
    expect(api.calls("/")).toHaveLength(11);
    expect(new Set(api.calls("/").map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer access-token-1"]),
    );
    expect(JSON.stringify(output)).not.toContain("access-token");
  });

  it("asks as RFC 6749 says: the client in the header, or in the body", async () => {
    await using api = await provider();
    await using engine = await engineWith(api.credential);
    await engine.run(call(api.server.origin));
    await engine.run(call(api.server.origin, { auth: { ...AUTH, scope: "other", clientAuthentication: "body" } }));
    const [inHeader, inBody] = api.calls("/token");
    const basic = Buffer.from("id%3A1:s3cret%2F%2B").toString("base64");
    expect(inHeader).toMatchObject({ method: "POST", body: "grant_type=client_credentials&scope=read+write" });
    expect(inHeader?.headers).toMatchObject({ authorization: `Basic ${basic}` });
    expect(inBody?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(inBody?.body))).toEqual({
      grant_type: "client_credentials",
      scope: "other",
      client_id: "id:1",
      client_secret: "s3cret/+",
    });
  });

  it("fetches another when it has expired", async () => {
    await using api = await provider({ expiresIn: 60 });
    await using engine = await engineWith(api.credential);
    await engine.run(call(api.server.origin));
    await engine.advance("29s");
    await engine.run(call(api.server.origin));
    expect(api.calls("/token")).toHaveLength(1);
    await engine.advance("1s");
    await engine.run(call(api.server.origin));
    expect(api.calls("/token")).toHaveLength(2);
  });

  it("fetches another when it was refused, and tries once more", async () => {
    await using api = await provider();
    await using engine = await engineWith(api.credential);
    await engine.run(call(api.server.origin));
    api.revoked.add("access-token-1");
    expect(await engine.run(call(api.server.origin))).toMatchObject({ status: "completed" });
    expect(api.calls("/token")).toHaveLength(2);
    for (let token = 2; token < 9; token++) api.revoked.add(`access-token-${token}`);
    expect(await engine.run(call(api.server.origin))).toMatchObject({
      status: "failed",
      error: { code: "http_error", details: { status: 401 } },
    });
    expect(api.calls("/token")).toHaveLength(3);
  });

  it.each([
    [{ tokenStatus: 401 }, "credential_unusable", /401 invalid_client/],
    [{ tokenStatus: 503 }, "service_unavailable", /503/],
    [{ answer: {} }, "credential_unusable", /access_token/],
    [{ answer: [1] }, "credential_unusable", /access_token/],
    [{ answer: { access_token: "a-token", token_type: "mac" } }, "credential_unusable", /Bearer/],
  ])("says that the token URL gave none: %j", async (options, code, message) => {
    await using api = await provider(options);
    const { error } = await testNode(httpRequest)
      .parameters({ url: api.server.origin, auth: AUTH })
      .credentials({ own: api.credential })
      .engine(NETWORK)
      .run();
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify(error)).not.toMatch(/hush|s3cret/);
    expect(api.calls("/")).toEqual([]);
  });

  it("does not remember a failure", async () => {
    const options: { tokenStatus?: number } = { tokenStatus: 503 };
    await using api = await provider(options);
    await using engine = await engineWith(api.credential);
    const retry = { retry: { maxAttempts: 1 } };
    const once = { nodes: call(api.server.origin).nodes.map((node) => ({ ...node, ...retry })) };
    expect(await engine.run(once)).toMatchObject({ status: "failed" });
    delete options.tokenStatus;
    expect(await engine.run(once)).toMatchObject({ status: "completed" });
  });

  it("does not send the client's secret to where the token URL redirects", async () => {
    await using other = await testServer((_, response) => response.end());
    await using server = await testServer((_, response) => response.writeHead(307, { location: other.origin }).end());
    const credential = { clientId: "a", clientSecret: "b", tokenUrl: server.origin };
    const { error } = await testNode(httpRequest)
      .parameters({ url: "http://127.0.0.1:9", auth: AUTH })
      .credentials({ own: credential })
      .engine(NETWORK)
      .run();
    expect(error).toMatchObject({ code: "redirect_refused" });
    expect(other.seen).toEqual([]);
  });
});
