import { defineNode, type NodeType, z } from "@automatrix/core";
import { isJsonEqual } from "../../json/json-equality.js";
import { isJsonObject } from "../../json/json-kind.js";
import { isTrue, isWholeTemplate } from "../../parameters/expression-parameter.js";

const FALLBACK_PORT = "fallback";

const switchParameters = () =>
  z.object({
    value: z.unknown().optional().describe("Value that the cases are compared with, mostly an expression."),
    cases: z
      .array(
        z
          .object({
            port: z.string().min(1).max(128).describe("Port taken when the case applies."),
            equals: z
              .unknown()
              .optional()
              .describe("Applies when `value` equals this: same type, and lists and objects by content."),
            condition: z
              .unknown()
              .optional()
              .describe("Applies when this expression is true, such as input.total > 100."),
          })
          .refine(
            (given) => (given.equals === undefined) !== (given.condition === undefined),
            "Give either equals or condition.",
          ),
      )
      .max(1_000)
      .describe("The cases, in order; the first that applies is taken."),
  });

/** Goes on by the port of the first case that applies, else by `fallback`; the input passes through. */
export const switchNode: NodeType<"switch", ReturnType<typeof switchParameters>, z.ZodType, string> = defineNode({
  type: "switch",
  label: "Switch",
  description: "Takes the port of the first case that applies, by value or by condition, else the port `fallback`.",
  category: "flow",
  effects: "pure",
  ports: casePorts,
  parameters: switchParameters,
  rewrite: withBraces,
  example: {
    parameters: {
      value: "{{input.size}}",
      cases: [
        { port: "small", equals: "S" },
        { port: "large", equals: "L" },
      ],
    },
    input: { size: "L" },
  },
  execute(ctx) {
    const { value, cases } = ctx.parameters;
    const taken = cases.find((one) =>
      one.equals === undefined ? isTrue(one.condition) : isJsonEqual(value, one.equals),
    );
    ctx.emit(taken?.port ?? FALLBACK_PORT, ctx.input);
  },
});

function casePorts(parameters: Readonly<Record<string, unknown>>): readonly string[] {
  const cases: unknown = parameters["cases"];
  const ports = Array.isArray(cases) ? cases.map((one: unknown) => (one as { port?: unknown } | null)?.port) : [];
  return [...new Set([...ports.filter((port) => typeof port === "string"), FALLBACK_PORT])];
}

/** Braces around the conditions that were written without. Text around braces gets some too, which is no expression. */
function withBraces(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const cases: unknown = parameters["cases"];
  return Array.isArray(cases) ? { ...parameters, cases: cases.map(withBracedCondition) } : parameters;
}

function withBracedCondition(one: unknown): unknown {
  if (!isJsonObject(one) || typeof one["condition"] !== "string") return one;
  const condition = one["condition"].trim();
  return { ...one, condition: isWholeTemplate(condition) ? condition : `{{ ${condition} }}` };
}
