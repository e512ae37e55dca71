import { describe, expect, it } from "vitest";
import { z } from "zod";
import { validateDefinition } from "../validation/validate-definition.js";
import { defineNode } from "./define-node.js";
import { defineWorkflow } from "./workflow-builder.js";

const start = defineNode({ type: "start", category: "trigger", execute: () => ({}) });
const shout = defineNode({
  type: "shout",
  version: 2,
  parameters: z.object({ text: z.string() }),
  execute: (ctx) => ctx.parameters.text,
});

const builder = defineWorkflow("greet")
  .node("start", start)
  .node("hello", shout, { text: "Hello {{name}}" }, { timeoutMs: 1000, join: "any" })
  .edge("start", "hello", { port: "default", handle: "person" })
  .settings({ timeoutMs: 5000 })
  .settings({ maxConcurrency: 2 });
const json = {
  name: "greet",
  nodes: [
    { id: "start", type: "start", data: {} },
    { id: "hello", type: "shout", version: 2, data: { text: "Hello {{name}}" }, timeoutMs: 1000, join: "any" },
  ],
  edges: [{ source: "start", target: "hello", sourceHandle: "default", targetHandle: "person" }],
  settings: { timeoutMs: 5000, maxConcurrency: 2 },
};

describe("defineWorkflow", () => {
  it("builds plain frozen JSON", () => {
    expect(builder.build()).toEqual(json);
    expect(Object.isFrozen(builder.build())).toBe(true);
    expect(Object.isFrozen(builder.build().nodes[1]?.data)).toBe(true);
  });

  it("is a definition itself", () => {
    expect(JSON.parse(JSON.stringify(builder))).toEqual(json);
    expect(Object.keys(builder)).toEqual(["name", "nodes", "edges", "settings"]);
    expect({ ...builder.settings }).toEqual(json.settings);
    expect(validateDefinition(builder, { nodes: [start, shout] })).toEqual([]);
  });

  it("leaves settings out when there are none", () => {
    expect(defineWorkflow("empty").build()).toEqual({ name: "empty", nodes: [], edges: [] });
  });

  it("never changes: each step is a new builder", () => {
    const first = defineWorkflow("one").node("a", start);
    first.node("b", start);
    expect(first.nodes).toHaveLength(1);
  });

  it("copies parameters, so that a later change is not seen", () => {
    const parameters = { text: "before" };
    const built = defineWorkflow("copy").node("a", shout, parameters);
    parameters.text = "after";
    expect(built.nodes[0]?.data?.text).toBe("before");
  });

  it("refuses parameters that are not JSON", () => {
    const parameters = { text: (() => "x") as unknown as string };
    expect(() => defineWorkflow("bad").node("a", shout, parameters)).toThrow(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
  });
});
