import { describe, expect, it } from "vitest";
import { defineNode, type NodeType, type NodeTypeDeclaration, z } from "../src/index.js";
import { conformance } from "../src/testing/index.js";

const sound: NodeTypeDeclaration = {
  type: "shout",
  label: "Shout",
  description: "Says it louder.",
  category: "data",
  effects: "pure",
  parameters: () => z.object({ text: z.string().describe("What to say.") }),
  example: { parameters: { text: "hey" }, output: "HEY" },
  execute: ({ parameters }) => (parameters as { text: string }).text.toUpperCase(),
};

const FETCHING: Partial<NodeTypeDeclaration> = {
  permissions: ["net", "credentials"],
  example: { parameters: { text: "https://example.com" } },
};

async function failingCases(parts: Partial<NodeTypeDeclaration>): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, run } of conformance(defineNode({ ...sound, ...parts }) as NodeType))
    await run().catch(() => names.push(name));
  return names;
}

describe("the conformance kit of nodes", () => {
  it("finds nothing in a sound node", async () => {
    expect(await failingCases({})).toEqual([]);
    expect(
      await failingCases({
        ...FETCHING,
        async execute({ http, credentials, signal }) {
          const { token } = await credentials("api");
          return (await http("https://example.com", { headers: { authorization: `Bearer ${token}` }, signal })).status;
        },
      }),
    ).toEqual([]);
  });

  it.each<[string, Partial<NodeTypeDeclaration>, string]>([
    ["no label", { label: "shout" }, "says what it is"],
    ["no description", { description: "" }, "says what it is"],
    ["a parameter without words", { parameters: () => z.object({ text: z.string() }) }, "describes every parameter"],
    ["an example that it refuses", { example: { parameters: { text: 7 } } }, "has an example that it accepts"],
    ["another output than in its example", { execute: () => "hey" }, "gives in its example what it promises"],
    [
      "an output that breaks its schema",
      { output: () => z.number(), example: { parameters: { text: "a" }, output: "A" } },
      "gives in its example what it promises",
    ],
    [
      "no ear for the signal",
      { ...FETCHING, execute: async ({ http }) => (await http("https://example.com")).status },
      "stops when it is told to",
    ],
    [
      "use of the network that it does not declare",
      {
        example: { parameters: { text: "a" } },
        execute: async ({ http, signal }) => (await http("https://example.com", { signal })).status,
      },
      "declares what it uses",
    ],
  ])("finds %s", async (_, parts, name) => {
    expect(await failingCases(parts)).toContain(name);
  });
});
