import { defineNode, z } from "@automatrix/core";
import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { type JsonAnswer, openJsonServer } from "../../io/messaging/test-support/json-server.js";
import { runOnce, verifyRefusal } from "./once-call.js";
import { callService } from "./service-call.js";

const post = defineNode({
  type: "post",
  effects: "once",
  parameters: z.object({ url: z.string(), maxAnswerBytes: z.number().optional(), timeoutMs: z.number().optional() }),
  execute: (ctx) =>
    runOnce(ctx, {
      prepare: () => undefined,
      send: async () => {
        const { url, maxAnswerBytes = 1_000, timeoutMs = 5_000 } = ctx.parameters;
        const request = { service: "The test", method: "POST", url, isOnce: true, maxAnswerBytes, timeoutMs };
        return (await callService(ctx, request)).body;
      },
    }),
  verify: verifyRefusal,
});

describe("callService behind the engine's guard", () => {
  const guarded = (url: string, more = {}) =>
    testNode(post)
      .parameters({ url, ...more })
      .engine({ network: { allow: ["loopback"] } });

  it("may try again when nobody listens", async () => {
    const gone = await openJsonServer(() => ({}));
    await gone[Symbol.asyncDispose]();
    expect(await guarded(gone.url).run()).toMatchObject({ status: "failed", error: { code: "service_unavailable" } });
  });

  it("fails at once for an address that may not be called", async () => {
    await using server = await openJsonServer(() => ({}));
    const result = await testNode(post).parameters({ url: server.url }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "address_refused" } });
    expect(server.requests).toEqual([]);
  });

  it.each<[string, JsonAnswer | null | undefined, object]>([
    ["a connection that ends", null, {}],
    ["silence", undefined, { timeoutMs: 200 }],
    ["an answer without end", { body: "x".repeat(5_000) }, {}],
    ["an answer that says its size", { headers: { "content-length": "5000" }, body: "x".repeat(5_000) }, {}],
  ])("does not know what became of a request after %s", async (_, answer, more) => {
    await using server = await openJsonServer(() => answer);
    expect((await guarded(server.url, more).run()).status).toBe("waiting");
    expect(server.requests).toHaveLength(1);
  });

  it("follows no redirect", async () => {
    await using canary = await openJsonServer(() => ({}));
    await using server = await openJsonServer(() => ({ status: 307, headers: { location: canary.url } }));
    const result = await guarded(server.url).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_refused" } });
    expect(canary.requests).toEqual([]);
  });
});
