import { describe, expect, it } from "vitest";
import { failureOf, fakeContext } from "../../../test/fake-context.js";
import { condition } from "./condition.js";

describe("condition", () => {
  it.each([
    [true, "true"],
    [1, "true"],
    ["yes", "true"],
    [false, "false"],
    [0, "false"],
    [null, "false"],
    ["", "false"],
  ])("takes the port of the answer %j and passes the input through", async (answer, port) => {
    const fake = fakeContext(condition, {
      parameters: { condition: "input.x" },
      input: { x: 1 },
      evaluate: () => answer,
    });
    await condition.execute(fake.ctx);
    expect(fake.emitted).toEqual({ [port]: { x: 1 } });
  });

  const rules = [
    { left: 1, operator: "equals", right: 1 },
    { left: 1, operator: "equals", right: 2 },
  ];

  it.each([
    ["all", "false"],
    ["any", "true"],
  ])("with match %s, one rule of two takes the port %s", async (match, port) => {
    const fake = fakeContext(condition, { parameters: { rules, match } });
    await condition.execute(fake.ctx);
    expect(Object.keys(fake.emitted)).toEqual([port]);
  });

  it.each([
    [{}, "either condition or rules"],
    [{ condition: "true", rules }, "either condition or rules"],
    [{ rules: [{ left: 1, operator: "like", right: 1 }] }, "Invalid option"],
    [{ condition: "{{a}} > {{b}}" }, "one pair of {{ }}"],
    [{ condition: "a is {{b}}" }, "one pair of {{ }}"],
  ])("refuses the parameters %j", (parameters, message) => {
    const result = condition.parameterSchema?.safeParse(parameters);
    expect(result?.success).toBe(false);
    expect(JSON.stringify(result?.error?.issues)).toContain(message);
  });

  it("accepts one pair of braces around all of it", () => {
    expect(condition.parameterSchema?.safeParse({ condition: " {{ input.total > 1 }} " }).success).toBe(true);
  });

  it("fails for a pattern that cannot be used", async () => {
    const failure = await failureOf(condition, {
      parameters: { rules: [{ left: "x", operator: "matches", right: "(" }] },
    });
    expect(failure.code).toBe("invalid_input");
  });
});
