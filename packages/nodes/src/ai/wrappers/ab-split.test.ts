import { describe, expect, it } from "vitest";
import { aiContext } from "../../../test/support/ai-context.js";
import { scriptedModel } from "../../../test/support/scripted-model.js";
import type { AiOptions } from "../ai-options.js";
import { createModelSource } from "../model-source.js";
import { chooseVariant } from "./ab-split.js";

const VARIANTS = [
  { name: "a", weight: 3 },
  { name: "b", weight: 1 },
  { name: "none", weight: 0 },
];

describe("A/B splits", () => {
  it("choose alike for equal keys, and by weight over many", () => {
    const counts: Record<string, number> = { a: 0, b: 0, none: 0 };
    for (let key = 0; key < 4_000; key += 1) {
      const chosen = chooseVariant("test", VARIANTS, `customer-${key}`);
      expect(chooseVariant("test", VARIANTS, `customer-${key}`)).toBe(chosen);
      counts[chosen?.name ?? "none"] = (counts[chosen?.name ?? "none"] ?? 0) + 1;
    }
    expect(counts["none"]).toBe(0);
    expect((counts["a"] ?? 0) / 4_000).toBeCloseTo(0.75, 1);
  });

  it("choose independently in different experiments", () => {
    const keys = Array.from({ length: 200 }, (_, key) => `k${key}`);
    const chosenIn = (experiment: string) => keys.map((key) => chooseVariant(experiment, VARIANTS, key)?.name);
    expect(chosenIn("one")).not.toEqual(chosenIn("two"));
  });

  it("choose nothing where nothing has a weight", () => {
    expect(chooseVariant("test", [{ weight: 0 }], "k")).toBeUndefined();
  });

  const options: AiOptions = {
    providers: { own: { kind: "custom", model: scriptedModel() } },
    experiments: {
      greeting: {
        variants: [
          { provider: "own", model: "old", weight: 1 },
          { provider: "own", model: "new", weight: 1 },
        ],
      },
    },
  };

  it("stick to the node's key in every execution, else to the execution", async () => {
    const source = createModelSource(options);
    const nameFor = async (executionId: string, stickyKey?: string) =>
      (await source.open(aiContext({ executionId }).ctx, { model: "greeting", stickyKey })).modelName;
    const byKey = await Promise.all(["e1", "e2", "e3", "e4"].map((id) => nameFor(id, "customer-7")));
    expect(new Set(byKey).size).toBe(1);
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    const byExecution = await Promise.all(ids.map((id) => nameFor(id)));
    expect(new Set(byExecution)).toEqual(new Set(["old", "new"]));
    expect(await Promise.all(ids.map((id) => nameFor(id)))).toEqual(byExecution);
  });
});
