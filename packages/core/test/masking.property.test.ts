import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeContext, NodeReturn } from "../src/index.js";
import { maskedRun } from "./support/masked-run.js";

type Leak = (ctx: NodeContext, text: string) => NodeReturn | Promise<NodeReturn>;

const LEAKS: readonly Leak[] = [
  (ctx, text) => ctx.logger.info(`a${text}b`, { c: [text], error: new Error(text) }),
  (ctx, text) => ctx.stream({ delta: `a${text}b` }),
  (ctx, text) => ctx.progress(0.1, text),
  (_ctx, text) => ({ [text]: [text, { deep: `a${text}b` }] }),
  (ctx, text) => ctx.emit("left", text),
  (ctx, text) => ctx.setVariables({ v: { [text]: text } }),
  (ctx, text) => ctx.step("s", () => [text]),
  (ctx, text) => ctx.wait.approval({ message: text }),
  (_ctx, text) => {
    throw Object.assign(new Error(text), { cause: { message: text, code: "x" } });
  },
];
const ENCODINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(text).toString("base64url"),
  (text) => new URLSearchParams({ q: text }).toString(),
  (text) => JSON.stringify({ q: text }),
  (text) => JSON.stringify(JSON.stringify({ q: text })),
];

/** Long enough that nothing else in the traces of a run is it by chance. */
const secret = fc
  .tuple(fc.string({ unit: "binary", maxLength: 30 }), fc.string({ unit: "grapheme", maxLength: 10 }))
  .map(([before, after]) => `${before}Zq7${after}xK`)
  .filter(({ length }) => length >= 8);

describe("secrets of any text", () => {
  it("survive nowhere: not in events, records, log lines or errors", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...LEAKS),
        fc.constantFrom(...ENCODINGS),
        async (secrets, leak, encode) => {
          const { text } = await maskedRun({ nested: secrets.map((value) => ({ value })) }, (ctx) =>
            leak(ctx, secrets.map((value) => encode(value)).join("|")),
          );
          for (const value of secrets) for (const form of tracesOf(value)) expect(text.includes(form)).toBe(false);
        },
      ),
      { numRuns: 250 },
    );
  });
});

/** As it is, as it stands in the JSON of the traces, and in its encodings. */
function tracesOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value,
    json,
    Buffer.from(value).toString("base64").replaceAll("=", ""),
    new URLSearchParams({ "": value }).toString().slice(1),
  ];
}
