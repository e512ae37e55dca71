import { describe, expect, it } from "vitest";
import { chatRequest, scriptedModel } from "../../../test/support/scripted-model.js";
import { DEFAULT_FALLBACK_REASONS } from "../ai-options.js";
import { type AiErrorReason, createProviderError, notConfigured } from "../provider-error.js";
import { withFallback } from "./fallback.js";

const failing = (provider: string, reason: AiErrorReason, retryAfterMs?: number) =>
  scriptedModel(() => {
    throw createProviderError(`${provider} failed`, { provider, model: "m", reason, retryAfterMs });
  }, provider);
const on = DEFAULT_FALLBACK_REASONS;

describe("fallback chains", () => {
  it.each(["rate_limit", "server_error", "timeout", "connection", "broken_answer", "circuit_open"] as const)(
    "try the next model after %s, in order",
    async (reason) => {
      const third = scriptedModel(() => ({}), "c");
      const chain = withFallback([
        { model: failing("a", reason), on: [] },
        { model: failing("b", "server_error"), on },
        { model: third, on },
      ]);
      expect((await chain.complete(chatRequest({ idempotencyKey: "key" }))).provider).toBe("c");
      expect(third.requests[0]?.idempotencyKey).toBe("key:fallback-2");
    },
  );

  it.each(["authentication", "invalid_request", "model_not_found"] as const)(
    "do not go on after %s unless told to",
    async (reason) => {
      const second = scriptedModel();
      const first = { model: failing("a", reason), on: [] };
      await expect(withFallback([first, { model: second, on }]).complete(chatRequest())).rejects.toThrow("a failed");
      expect(second.requests).toEqual([]);
      expect((await withFallback([first, { model: second, on: [reason] }]).complete(chatRequest())).text).toBe("fine");
    },
  );

  it("do not go on after a budget, a missing key or a cancel", async () => {
    const second = scriptedModel();
    const cancel = new AbortController();
    const missing = scriptedModel(() => {
      throw notConfigured("no key");
    });
    const cancelled = scriptedModel(() => {
      cancel.abort();
      throw createProviderError("late", { provider: "a", model: "m", reason: "timeout" });
    });
    const complete = (model: typeof second) =>
      withFallback([
        { model, on: [] },
        { model: second, on },
      ]).complete(chatRequest({ signal: cancel.signal }));
    await expect(complete(missing)).rejects.toThrow("no key");
    await expect(complete(cancelled)).rejects.toThrow("late");
    expect(second.requests).toEqual([]);
  });

  it("sum up when all failed: retryable if one of them was, after the shortest wait", async () => {
    const chain = withFallback([
      { model: failing("a", "rate_limit", 9_000), on: [] },
      { model: failing("b", "rate_limit", 4_000), on },
    ]);
    await expect(chain.complete(chatRequest())).rejects.toMatchObject({
      name: "RetryableNodeError",
      retryAfterMs: 4_000,
      message: expect.stringContaining("a/m (rate_limit), b/m (rate_limit)"),
    });
  });
});
