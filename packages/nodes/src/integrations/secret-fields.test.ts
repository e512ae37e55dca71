import { z } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { SecretFields } from "./secret-fields.js";

const secret = () => z.string().meta({ secret: true });
const secretsIn = (schema: z.ZodType, config: unknown) => [
  ...new SecretFields(schema).valuesOf(config, schema.parse(config)),
];

describe("SecretFields", () => {
  it("finds what is marked, and nothing beside it", () => {
    const schema = z.object({ region: z.string(), signature: secret() });
    expect(secretsIn(schema, { region: "prod", signature: "s-1" })).toEqual(["s-1"]);
  });

  it("finds marks behind options, defaults and changes of the value", () => {
    const schema = z.object({
      one: secret().optional(),
      two: secret().nullable(),
      three: secret().default("d-3"),
      four: secret().transform((text) => ({ header: `Basic ${text}` })),
      five: z.string().min(1).meta({ secret: true }).trim(),
    });
    const config = { one: "s-1", two: "s-2", four: "s-4", five: " s-5 " };
    expect(secretsIn(schema, config).sort()).toEqual([" s-5 ", "Basic s-4", "d-3", "s-1", "s-2", "s-4", "s-5"]);
  });

  it("finds marks in lists, tuples, records and objects of any depth", () => {
    const schema = z.object({
      list: z.array(z.object({ label: z.string(), code: secret() })),
      pair: z.tuple([z.string(), secret()]),
      record: z.record(z.string(), secret()),
      whole: z.object({ inner: z.array(z.string()), digits: z.number(), port: z.number() }).meta({ secret: true }),
    });
    const config = {
      list: [{ label: "open", code: "s-1" }],
      pair: ["open", "s-2"],
      record: { open: "s-3" },
      whole: { inner: ["s-4"], digits: 123_456, port: 8_080 },
    };
    expect(secretsIn(schema, config)).toEqual(["s-1", "s-2", "s-3", "s-4", "123456"]);
  });

  it("goes by the choice of a union that the value is of", () => {
    const access = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("closed"), value: secret() }),
      z.object({ kind: z.literal("open"), value: z.string() }),
    ]);
    const schema = z.object({ access: z.array(access), either: z.union([secret(), z.object({ user: z.string() })]) });
    const config = {
      access: [
        { kind: "closed", value: "s-1" },
        { kind: "open", value: "seen" },
      ],
      either: { user: "Ada" },
    };
    expect(secretsIn(schema, config)).toEqual(["s-1"]);
    expect(secretsIn(schema, { access: [], either: "s-2" })).toEqual(["s-2"]);
  });

  it("finds marks in schemas that refer to themselves", () => {
    const folder = z.object({
      code: secret(),
      get folders() {
        return z.array(folder);
      },
    });
    const config = { code: "s-1", folders: [{ code: "s-2", folders: [] }] };
    expect(secretsIn(folder, config)).toEqual(["s-1", "s-2"]);
  });

  it("goes by names where nothing is marked, also of fields that the schema does not know", () => {
    const schema = z.looseObject({ maxTokens: z.number(), headers: z.record(z.string(), z.string()) });
    const config = {
      maxTokens: 128_000,
      headers: { Authorization: "Bearer s-1", accept: "text/plain" },
      apiKeys: ["s-2"],
      credentials: { user: "s-3" },
    };
    expect(secretsIn(schema, config)).toEqual(["Bearer s-1", "s-2", "s-3"]);
  });

  it("takes everything for a secret when the schema cannot be described", () => {
    const schema = z.object({ a: z.string().meta({ id: "same" }), b: z.number().meta({ id: "same" }) });
    expect(secretsIn(schema, { a: "s-1", b: 1 })).toEqual(["s-1"]);
  });
});
