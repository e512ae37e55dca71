import type { WorkflowDefinition } from "@automatrix/core";
import { testEngine } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { standardNodes } from "../index.js";

const SLOW = { nodes: [{ id: "d", type: "delay", data: { duration: "7s" } }] };
const SIGNAL = { nodes: [{ id: "s", type: "wait_for_signal", data: { signal: "go" } }] };

describe("timeoutMs of a container", () => {
  it.each([
    ["for_each with distribute", "for_each", { items: [1, 2], distribute: true, body: SLOW }],
    ["for_each that waits for a signal", "for_each", { items: [1], body: SIGNAL }],
    ["while_loop", "while_loop", { condition: "{{true}}", maxIterations: 3, body: SLOW }],
    ["try around a delay", "try", { body: SLOW }],
  ])("ends a %s", async (_, type, data) => {
    await using engine = await testEngine({ nodes: standardNodes() });
    const definition: WorkflowDefinition = { nodes: [{ id: "it", type, data, timeoutMs: 1_500 }] };
    const handle = await engine.execute(definition);
    await engine.advance("1m");
    expect(await handle.result()).toMatchObject({
      status: "failed",
      durationMs: 1_500,
      error: { code: "node_timed_out", nodeId: "it" },
    });
    const { items } = await engine.listExecutions({ parentId: handle.id });
    expect(new Set(items.map(({ status }) => status))).toEqual(
      new Set(type === "for_each" && "distribute" in data ? ["cancelled"] : []),
    );
  });
});
