import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { availableNodes } from "../src/open-engine.js";

const fixture = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe("packs", () => {
  it("bring integrations that the node `integration` can run", async () => {
    const nodes = await availableNodes([fixture("pack-with-integrations.mjs")]);
    const { effects } = nodes.find(({ type }) => type === "integration") ?? {};
    expect(effects).toBeTypeOf("function");
    const effectsOf = effects as (parameters: object) => string;
    expect(effectsOf({ action: "roll" })).toBe("pure");
    expect(effectsOf({ action: "unheard of" })).toBe("once");
  });

  it("are refused by name when what they bring is no integration", async () => {
    await expect(availableNodes([fixture("pack-with-a-stranger.mjs")])).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining('"strangers"'),
    });
  });
});
