import { type NodeType, z } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import * as nodes from "./index.js";
import { standardNodes } from "./standard-nodes.js";

describe("standardNodes", () => {
  it("holds every node of the catalogue, with its aliases", () => {
    const names = standardNodes().flatMap(({ type, aliases = [] }) => [type, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.sort()).toEqual(
      (
        "start manual_trigger end condition conditional if switch merge for_each while_loop try delay wait_for_signal approval " +
        "sub_workflow fail set_variables data_transform filter sort aggregate split limit remove_duplicates json_schema_validate"
      )
        .split(" ")
        .sort(),
    );
  });

  it("exports each node by name too", () => {
    const exported = new Set<unknown>(Object.values(nodes));
    for (const node of standardNodes()) expect(exported, node.type).toContain(node);
  });

  it.each(standardNodes().map((node) => [node.type, node] as const))(
    "%s describes itself and its parameters",
    (_, node) => {
      expect(node.label).not.toBe(node.type);
      expect(node.description).toBeTruthy();
      expect(node.example).toBeDefined();
      expect(undescribed(node)).toEqual([]);
    },
  );

  it.each(standardNodes().map((node) => [node.type, node] as const))(
    "%s accepts the parameters of its example",
    (_, node) => {
      const templated = JSON.stringify(node.example?.parameters).includes("{{");
      const result = node.parameterSchema?.safeParse(node.example?.parameters);
      if (!templated) expect(result?.error?.issues ?? []).toEqual([]);
    },
  );
});

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function undescribed(node: NodeType): readonly string[] {
  const schema = z.toJSONSchema(node.parameterSchema as z.ZodType, { io: "input" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    property.description === undefined ? [name] : [],
  );
}
