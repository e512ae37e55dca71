import { describe, expect, it } from "vitest";
import { createModelPrices } from "./model-prices.js";

const usage = { promptTokens: 1_000_000, completionTokens: 1_000_000, totalTokens: 2_000_000 };
const prices = createModelPrices({
  cheap: { inputPerMillionTokens: 1, outputPerMillionTokens: 2 },
  "own/cheap": { inputPerMillionTokens: 10 },
  free: {},
  drawing: { perImage: 0.04 },
});

describe("prices", () => {
  it("takes the operator's own first, those of a provider before those of a model", () => {
    expect(prices.costOfTokens({ provider: "other", kind: "custom", model: "cheap" }, usage)).toBe(3);
    expect(prices.costOfTokens({ provider: "own", kind: "custom", model: "cheap" }, usage)).toBe(10);
    expect(prices.costOfTokens({ provider: "own", kind: "openai_compatible", model: "free" }, usage)).toBe(0);
  });

  it("knows the prices of the great providers, and charges less for cached tokens", () => {
    const full = prices.costOfTokens({ provider: "x", kind: "openai", model: "gpt-4o-mini" }, usage);
    const cached = prices.costOfTokens(
      { provider: "x", kind: "openai", model: "gpt-4o-mini" },
      { ...usage, cachedPromptTokens: 500_000 },
    );
    expect(full).toBe(0.75);
    expect(cached).toBeLessThan(full as number);
    for (const [kind, model] of [
      ["anthropic", "claude-haiku-4-5"],
      ["azure_openai", "gpt-4o"],
    ] as const)
      expect(prices.costOfTokens({ provider: "x", kind, model }, usage)).toBeGreaterThan(0);
  });

  it.each([
    ["openai", "unheard-of"],
    ["openai_compatible", "gpt-4o-mini"],
    ["custom", "__proto__"],
  ] as const)("knows no price of %s %s", (kind, model) => {
    expect(prices.costOfTokens({ provider: "x", kind, model }, usage)).toBeNull();
  });

  it("counts images", () => {
    expect(prices.costOfImages({ provider: "x", kind: "openai", model: "drawing" }, 3)).toBe(0.12);
    expect(prices.costOfImages({ provider: "x", kind: "openai", model: "cheap" }, 3)).toBeNull();
  });
});
