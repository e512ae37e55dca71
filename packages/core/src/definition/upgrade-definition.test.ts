import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNode } from "./define-node.js";
import { upgradeDefinition } from "./upgrade-definition.js";

const first = defineNode({ type: "greet", parameters: z.object({ who: z.string() }), execute: () => null });
const third = defineNode({
  type: "greet",
  version: 3,
  parameters: z.object({ name: z.string(), from: z.number() }),
  migrate: ({ who, ...others }, from) => ({ ...others, name: who, from }),
  execute: () => null,
});
const box = defineNode({ type: "box", bodies: ["body"], container: true, execute: () => null });
const TYPES = [first, third, box];

describe("upgradeDefinition", () => {
  it("turns the parameters of nodes that name an older version into those of the newest", () => {
    const old = { id: "a", type: "greet", version: 1, data: { who: "Ada", label: "Greets" }, name: "A" };
    const definition = { id: "w", nodes: [old], edges: [] };
    expect(upgradeDefinition(definition, TYPES)).toEqual({
      id: "w",
      nodes: [{ ...old, version: 3, data: { name: "Ada", from: 1, label: "Greets" } }],
      edges: [],
    });
    expect(definition.nodes[0]).toBe(old);
    expect(old.data).toEqual({ who: "Ada", label: "Greets" });
  });

  it("upgrades bodies too", () => {
    const body = { nodes: [{ id: "a", type: "greet", version: 1, data: { who: "Ada" } }] };
    const { nodes } = upgradeDefinition({ nodes: [{ id: "b", type: "box", data: { body } }] }, TYPES);
    expect(nodes[0]?.data).toEqual({
      body: { nodes: [{ id: "a", type: "greet", version: 3, data: { name: "Ada", from: 1 } }] },
    });
  });

  it.each([
    { id: "a", type: "greet", data: { name: "Ada" } },
    { id: "a", type: "greet", version: 3, data: { name: "Ada" } },
    { id: "a", type: "greet", version: 9 },
    { id: "a", type: "unheard_of", version: 1 },
    { id: "a", type: "box", data: { body: null } },
  ])("leaves %j alone", (node) => {
    expect(upgradeDefinition({ nodes: [node] }, TYPES)).toEqual({ nodes: [node] });
  });
});
