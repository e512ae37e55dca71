import { createEngine, type ExecutionResult } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { standardNodes } from "@automatrix/nodes";
import { describe, expect, it } from "vitest";
import { slugify } from "./slugify.js";
import { publishPost } from "./workflow.js";

async function publish(title: unknown): Promise<ExecutionResult> {
  await using engine = createEngine({ storage: memoryStorage(), nodes: [...standardNodes(), slugify] });
  await engine.start();
  return await engine.run(publishPost, { input: { title } });
}

describe("slugify", () => {
  it.each([
    ["Crème Brûlée!", "/posts/creme-brulee"],
    ["  Ten   ways (to go)  ", "/posts/ten-ways-to-go"],
    ["日本語", "/posts/日本語"],
    ["A very long title that does not end", "/posts/a-very-long-title-that-d"],
  ])("makes an address of %j", async (title, address) => {
    expect((await publish(title)).output).toEqual({ address });
  });

  it("takes the port `empty` when nothing is left", async () => {
    const { output, nodes } = await publish("!!!");
    expect(output).toEqual({ address: null });
    expect(nodes["published"]).toMatchObject({ status: "skipped", skipReason: "branch_not_taken" });
  });

  it("fails for a title that is no text, and is not tried again", async () => {
    const { status, error } = await publish(42);
    expect(status).toBe("failed");
    expect(error).toMatchObject({ code: "invalid_parameters", nodeId: "make_slug" });
  });
});
