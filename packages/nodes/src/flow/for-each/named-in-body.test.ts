import { describe, expect, it } from "vitest";
import { bareInBody, namedInBody } from "./named-in-body.js";

const NAMES = ["s", "rows", "my node", "größe"];
const body = (text: string) => ({ nodes: [{ id: "a", type: "end", data: { deep: [{ text }] } }] });

describe("namedInBody", () => {
  it.each([
    ["{{nodes.s.output.tag}}", ["s"]],
    ["{{ [nodes . s.output, nodes?.rows] }}", ["s", "rows"]],
    [`{{ nodes["my node"].output + nodes['s'].output }}`, ["s", "my node"]],
    ["{{ nodes.größe.output }}", ["größe"]],
    ["{{ nodes.sum.output + rows.s }}", []],
    ["{{ input.mynodes.s }}", []],
    ["{{ nodes[input.id].output }}", NAMES],
    ["{{ keys(nodes) }}", NAMES],
    ["{{nodes}}", NAMES],
  ])("finds in %j what it names", (text, named) => {
    expect(namedInBody(body(text), "nodes", NAMES)).toEqual(named);
  });
});

describe("bareInBody", () => {
  it("finds names that stand by themselves", () => {
    expect(bareInBody(body("{{ rows.length + size }}"), NAMES)).toEqual(["rows"]);
  });
});
