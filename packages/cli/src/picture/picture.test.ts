import { parseMermaid } from "beautiful-mermaid";
import { describe, expect, it } from "vitest";
import { toDrawableGraph } from "./drawable-graph.js";
import { toMermaid } from "./mermaid-text.js";
import { svgPicture, textPicture } from "./picture.js";

const NAUGHTY = [
  'a "quoted" id',
  "end",
  "subgraph x",
  "a] --> b[",
  "a|b",
  "{{expression}}",
  "<script>alert(1)</script>",
  "<br>",
  "%% comment",
  "#quot;",
  "click n0 href",
  "**bold** ~~gone~~",
  "n0",
  "a\\nb",
  "日本語",
  "🎉🎉",
  "\u202egnp.exe",
  "\u001b[31mred",
  "\ue000private",
  "`tick` & ; ' $",
  "   ",
];

function chainOf(ids: readonly string[]): unknown {
  return {
    nodes: ids.map((id) => ({ id, type: "end" })),
    edges: ids.slice(1).map((target, index) => ({ source: ids[index], target, sourceHandle: `port ${index} "|]` })),
  };
}

describe("pictures of definitions with naughty ids", () => {
  it("is Mermaid with exactly these nodes and edges", () => {
    const parsed = parseMermaid(toMermaid(toDrawableGraph(chainOf(NAUGHTY))));
    expect(parsed.nodes.size).toBe(NAUGHTY.length);
    expect(parsed.edges).toHaveLength(NAUGHTY.length - 1);
  });

  it("shows them as they are in text", async () => {
    const picture = await textPicture(toDrawableGraph(chainOf(NAUGHTY)));
    for (const shown of ['a "quoted" id', "a] --> b[", "{{expression}}", "<br>", "**bold** ~~gone~~", "a\\nb"]) {
      expect(picture).toContain(shown);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach the terminal
    expect(picture).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it("escapes them in SVG and fetches nothing", async () => {
    const svg = await svgPicture(toDrawableGraph(chainOf(NAUGHTY)));
    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toContain("<script>");
    expect(svg).not.toMatch(/@import|https?:\/\/(?!www\.w3\.org)/);
  });
});

describe("textPicture", () => {
  it("marks each node with its status", async () => {
    const graph = toDrawableGraph(
      chainOf(["a", "b"]),
      new Map([
        ["a", "completed"],
        ["b", "failed"],
      ]),
    );
    const picture = await textPicture(graph);
    expect(picture).toContain("✓ a");
    expect(picture).toContain("✗ b");
  });

  it("lists the layers of a large workflow", async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `node${index}`);
    const picture = await textPicture(toDrawableGraph(chainOf(ids)));
    expect(picture.split("\n")).toHaveLength(101);
    expect(picture).toContain("100 nodes, 99 edges, 100 layers");
  });

  it("lists what lies on a cycle apart", async () => {
    const ids = Array.from({ length: 70 }, (_, index) => `node${index}`);
    const definition = chainOf(ids) as { edges: unknown[] };
    definition.edges.push({ source: "node69", target: "node60" });
    expect(await textPicture(toDrawableGraph(definition))).toMatch(/cycle {2}node60/);
  });

  it("draws what it can of a broken definition", async () => {
    const broken = {
      nodes: [{ id: "a" }, { id: 7 }, null, { id: "a" }],
      edges: [null, { source: "a", target: "gone" }],
    };
    expect(await textPicture(toDrawableGraph(broken))).toContain("a");
    expect(await textPicture(toDrawableGraph({ nodes: [] }))).toBe("(no nodes)");
    expect(() => toDrawableGraph({})).toThrow(/no list "nodes"/);
  });

  it("draws a cycle", async () => {
    const cycle = {
      nodes: [{ id: "a" }, { id: "b" }],
      edges: [
        { source: "a", target: "b" },
        { source: "b", target: "a" },
        { source: "a", target: "a" },
      ],
    };
    expect(await textPicture(toDrawableGraph(cycle))).toContain("b");
    expect(await svgPicture(toDrawableGraph(cycle))).toContain("<svg");
  });
});

describe("toMermaid", () => {
  it("colours nodes by status and names ports on edges", () => {
    const graph = toDrawableGraph(
      {
        nodes: [
          { id: "a", type: "condition" },
          { id: "b", type: "end" },
        ],
        edges: [{ source: "a", target: "b", sourceHandle: "true" }],
      },
      new Map([["a", "completed"]]),
    );
    expect(toMermaid(graph).split("\n")).toEqual([
      "flowchart TD",
      '  n0["#10003; a"]',
      '  n1("b")',
      '  n0 -->|"true"| n1',
      "  classDef completed fill:#dcfce7,stroke:#16a34a",
      "  class n0 completed",
    ]);
  });
});
