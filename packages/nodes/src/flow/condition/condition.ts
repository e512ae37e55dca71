import { defineNode, z } from "@automatrix/core";
import { choiceParameter } from "../../parameters/choice-parameter.js";
import { expressionParameter, isTrue } from "../../parameters/expression-parameter.js";
import { meetsRule, OPERATOR_ALIASES, OPERATOR_NAMES } from "./operators.js";

/** Goes on by `true` or by `false`; the input passes through. */
export const condition = defineNode({
  type: "condition",
  aliases: ["conditional", "if"],
  label: "Condition",
  description: "Branches on an expression, or on rules made of a value, an operator and another value.",
  category: "flow",
  effects: "pure",
  ports: ["true", "false"],
  deferred: ["condition"],
  parameters: () =>
    z
      .object({
        condition: expressionParameter("Expression that decides, such as input.total > 100.").optional(),
        rules: z
          .array(
            z.object({
              left: z.unknown().describe("Value to look at, mostly an expression."),
              operator: choiceParameter(OPERATOR_NAMES, OPERATOR_ALIASES).describe(
                "How the two are compared. Common other names count too: ==, !=, >, >=, <, <=, eq, ne, gt, gte, lt, lte, regex, exists, and names such as notEquals.",
              ),
              right: z.unknown().describe("Value to compare with; the is_… operators take true (default) or false."),
            }),
          )
          .min(1)
          .max(1_000)
          .optional()
          .describe("Rules, in place of an expression."),
        match: z.enum(["all", "any"]).default("all").describe("Whether all rules must hold or any one."),
      })
      .refine(
        (given) => (given.condition === undefined) !== (given.rules === undefined),
        "Give either condition or rules.",
      ),
  example: {
    parameters: { rules: [{ left: "{{input.total}}", operator: "numeric_greater_than", right: 100 }] },
    input: { total: 250 },
  },
  execute(ctx) {
    const { rules, match } = ctx.parameters;
    const holds =
      rules === undefined
        ? isTrue(ctx.evaluate("condition"))
        : match === "any"
          ? rules.some(meetsRule)
          : rules.every(meetsRule);
    ctx.emit(holds ? "true" : "false", ctx.input);
  },
});
