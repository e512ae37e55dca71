import { memoryCache } from "@automatrix/core/memory";
import { testClock } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { aiContext } from "../../../test/support/ai-context.js";
import { chatRequest, scriptedModel } from "../../../test/support/scripted-model.js";
import type { AiOptions } from "../ai-options.js";
import { withResponseCache } from "./response-cache.js";

function setup(cacheOptions: AiOptions["cache"] = {}, answer?: Parameters<typeof scriptedModel>[0]) {
  const clock = testClock();
  const cache = memoryCache(clock);
  const model = scriptedModel(answer ?? (() => ({ cost: 0.5 })));
  const forTenant = (tenant: string | null, route = "p/m") =>
    withResponseCache(model, { ctx: aiContext({ clock, cache, tenant }).ctx, options: { cache: cacheOptions }, route });
  return { clock, model, forTenant };
}

const cold = (rest: object = {}) => chatRequest({ temperature: 0, ...rest });

describe("the response cache", () => {
  it("answers equal requests once, free of charge, streamed too", async () => {
    const { model, forTenant } = setup();
    const first = await forTenant(null).complete(cold());
    const pieces: string[] = [];
    const second = await forTenant(null).complete(cold({ onText: (text: string) => pieces.push(text) }));
    expect(second).toEqual({ ...first, cost: 0, cached: true });
    expect(pieces).toEqual(["fine"]);
    expect(model.requests).toHaveLength(1);
  });

  it.each([
    ["messages", { messages: [{ role: "user", content: "Bye" }] }],
    ["temperature", { temperature: 1 }],
    ["limit", { maxTokens: 7 }],
    ["schema", { responseSchema: { type: "object" } }],
    ["tools", { tools: [{ name: "t", description: "d", parameters: {} }] }],
  ])("tells requests of other %s apart", async (_, other) => {
    const { model, forTenant } = setup({ anyTemperature: true });
    await forTenant(null).complete(cold());
    await forTenant(null).complete(cold(other));
    expect(model.requests).toHaveLength(2);
  });

  it("keeps tenants and models apart, and forgets in time", async () => {
    const { clock, model, forTenant } = setup({ ttlMs: 1_000 });
    await forTenant("a").complete(cold());
    await forTenant("b").complete(cold());
    await forTenant("a", "p/other").complete(cold());
    expect(model.requests).toHaveLength(3);
    await clock.advance(1_000);
    await forTenant("a").complete(cold());
    expect(model.requests).toHaveLength(4);
  });

  it("keeps only answers at temperature 0, unless told otherwise", async () => {
    const { model, forTenant } = setup();
    for (const temperature of [0.7, 0.7, undefined, undefined])
      await forTenant(null).complete(chatRequest(temperature === undefined ? {} : { temperature }));
    expect(model.requests).toHaveLength(4);
  });

  it.each(["length", "content_filter"] as const)("does not keep an answer that ended by %s", async (finishReason) => {
    const { model, forTenant } = setup({}, () => ({ finishReason }));
    await forTenant(null).complete(cold());
    await forTenant(null).complete(cold());
    expect(model.requests).toHaveLength(2);
  });

  it("does without a cache that fails", async () => {
    const model = scriptedModel();
    const down = () => Promise.reject(new Error("down"));
    const { ctx } = aiContext({ cache: { get: down, set: down, delete: down } });
    expect((await withResponseCache(model, { ctx, options: { cache: {} }, route: "r" }).complete(cold())).text).toBe(
      "fine",
    );
  });
});
