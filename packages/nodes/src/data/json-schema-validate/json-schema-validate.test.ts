import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { jsonSchemaValidate } from "./json-schema-validate.js";

function failureFor(schema: unknown, data: unknown) {
  return failureOf(jsonSchemaValidate, { parameters: { schema, data } });
}

describe("json_schema_validate", () => {
  it("passes data on that meets the schema: the data given, else the input", async () => {
    const schema = { type: "object" };
    expect(await runNode(jsonSchemaValidate, { parameters: { schema }, input: { a: 1 } })).toEqual({ a: 1 });
    expect(await runNode(jsonSchemaValidate, { parameters: { schema: true, data: null }, input: { a: 1 } })).toBeNull();
  });

  it("lists every issue with its JSON pointer", async () => {
    const schema = {
      type: "array",
      items: {
        type: "object",
        properties: { "a/b": { type: "string", pattern: "^x" } },
        required: ["id"],
        additionalProperties: false,
      },
    };
    const failure = await failureFor(schema, [{ "a/b": "y" }, { id: 1, "a/b": 5 }]);
    expect(failure).toMatchObject({ code: "invalid_input", name: "FatalNodeError" });
    const { errors } = failure.details as { errors: { path: string; keyword: string }[] };
    expect(errors.map(({ path, keyword }) => [path, keyword])).toEqual([
      ["/0", "required"],
      ["/0/a~1b", "pattern"],
      ["/1", "additionalProperties"],
      ["/1/a~1b", "type"],
    ]);
  });

  it("names at most 200 issues and says how many there are", async () => {
    const failure = await failureFor({ items: { type: "string" } }, Array(500).fill(1));
    expect((failure.details as { errors: unknown[] }).errors).toHaveLength(200);
    expect(failure.details).toMatchObject({ total: 500 });
    expect(failure.message).toMatch(/and 497 more/);
  });

  it("stops at the first issue of very large data", async () => {
    const failure = await failureFor({ items: { type: "string" } }, Array(200_000).fill(1));
    expect((failure.details as { errors: unknown[] }).errors).toHaveLength(1);
  });

  it("follows references within the schema, recursive ones too", async () => {
    const schema = {
      $ref: "#/$defs/tree",
      $defs: { tree: { type: "object", properties: { next: { $ref: "#/$defs/tree" }, value: { type: "number" } } } },
    };
    expect(
      await runNode(jsonSchemaValidate, { parameters: { schema }, input: { next: { next: { value: 1 } } } }),
    ).toBeDefined();
    expect((await failureFor(schema, { next: { value: "x" } })).message).toContain("/next/value");
  });

  it("leaves data in const, enum and default alone, even where it looks like a reference", async () => {
    const schema = { const: { $ref: "#/nowhere" }, default: { $ref: "http://example.com" } };
    expect(await runNode(jsonSchemaValidate, { parameters: { schema, data: { $ref: "#/nowhere" } } })).toEqual({
      $ref: "#/nowhere",
    });
    const named = { properties: { const: { type: "number" }, $ref: { type: "string" } } };
    expect((await failureFor(named, { const: "x" })).message).toContain("/const");
  });

  it.each([
    [{ type: "nothing" }, /cannot be used/],
    [{ $ref: "#/$defs/missing" }, /cannot be used/],
    [{ $ref: "https://example.com/schema.json" }, /only references within/],
    [{ pattern: "(?=x)" }, /Look-around/],
    [{ enum: Array.from({ length: 30_000 }, (_, index) => index) }, /too large/],
  ])("refuses a schema that it cannot use: %#", async (schema, message) => {
    const failure = await failureFor(schema, "x");
    expect(failure).toMatchObject({ code: "invalid_input" });
    expect(failure.message).toMatch(message);
  });

  it("refuses a schema nested without measure", async () => {
    let schema: unknown = {};
    for (let depth = 0; depth < 5_000; depth += 1) schema = { not: schema };
    expect((await failureFor(schema, 1)).message).toMatch(/too large/);
  });

  it("matches patterns in linear time", async () => {
    expect(await runNode(jsonSchemaValidate, { parameters: { schema: { pattern: "^(a+)+$" }, data: "aa" } })).toBe(
      "aa",
    );
    await failureFor({ pattern: "^(a+)+$" }, `${"a".repeat(50_000)}!`);
  });

  it("tells patterns apart", async () => {
    const schema = {
      properties: { a: { pattern: "^a$" }, b: { pattern: "^b$" } },
      patternProperties: { "^n_": { type: "number" } },
    };
    expect(
      await runNode(jsonSchemaValidate, { parameters: { schema, data: { a: "a", b: "b", n_1: 1 } } }),
    ).toBeDefined();
    const failure = await failureFor(schema, { a: "b", b: "a", n_1: "x" });
    expect((failure.details as { errors: { path: string }[] }).errors.map(({ path }) => path).sort()).toEqual([
      "/a",
      "/b",
      "/n_1",
    ]);
  });

  it.each(["allOf", "anyOf", "oneOf"])(
    "bounds the exponential work that references in %s can ask for",
    async (keyword) => {
      const $defs: Record<string, unknown> = { d40: { type: "string" } };
      for (let level = 0; level < 40; level += 1) {
        const next = { $ref: `#/$defs/d${level + 1}` };
        $defs[`d${level}`] = { [keyword]: [next, next] };
      }
      const schema = { $ref: "#/$defs/d0", $defs };
      const value = keyword === "allOf" ? "text" : 5;
      expect((await failureFor(schema, value)).message).toMatch(/too many steps/);
    },
  );

  it("bounds references that go round in circles", async () => {
    expect(
      (await failureFor({ $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }, 1))
        .message,
    ).toMatch(/without end/);
  });

  it("takes keys named __proto__ without harm", async () => {
    const schema = JSON.parse(
      '{"properties": {"__proto__": {"type": "string"}}, "__proto__": {"type": "number"}}',
    ) as unknown;
    await runNode(jsonSchemaValidate, { parameters: { schema, data: {} } });
    expect(({} as { type?: string }).type).toBeUndefined();
  });

  it("checks many different schemas without keeping them all", async () => {
    for (let index = 0; index < 120; index += 1)
      await runNode(jsonSchemaValidate, { parameters: { schema: { maximum: index }, data: 0 } });
  });
});
