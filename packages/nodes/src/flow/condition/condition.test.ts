import { testNode } from "@automatrix/core/testing";
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
    [{ condition: "{{input.total}} > 100" }, "put the whole comparison inside {{ }}"],
    [{ condition: "a is {{b}}" }, "one pair of {{ }}"],
  ])("refuses the parameters %j", (parameters, message) => {
    const result = condition.parameterSchema?.safeParse(parameters);
    expect(result?.success).toBe(false);
    expect(JSON.stringify(result?.error?.issues)).toContain(message);
  });

  it("accepts one pair of braces around all of it", () => {
    expect(condition.parameterSchema?.safeParse({ condition: " {{ input.total > 1 }} " }).success).toBe(true);
  });

  it.each([
    ["==", 1, 1],
    ["!=", 1, 2],
    [">=", 2, 2],
    ["<", 1, 2],
    ["gt_or_equal", 2, 2],
    ["lessThan", 1, 2],
    ["greater_than_or_equal", 2, 1],
    ["notEquals", 1, 2],
    ["startsWith", "hello", "he"],
    ["isNotEmpty", "x", undefined],
    ["regex", "order-1", "^order-\\d$"],
    ["exists", 0, undefined],
  ])("knows the operator %s", async (operator, left, right) => {
    const fake = fakeContext(condition, { parameters: { rules: [{ left, operator, right }] } });
    await condition.execute(fake.ctx);
    expect(Object.keys(fake.emitted)).toEqual(["true"]);
  });

  it("reads braces with blanks around them as an expression", async () => {
    const { port } = await testNode(condition)
      .parameters({ condition: " {{ input.total > 1 }}\n" })
      .input({ total: 1 })
      .run();
    expect(port).toBe("false");
  });

  it("refuses text around braces before it runs", async () => {
    await expect(testNode(condition).parameters({ condition: "{{input.total}} > 100" }).run()).rejects.toMatchObject({
      issues: [
        { code: "invalid_parameters", message: expect.stringContaining("put the whole comparison inside {{ }}") },
      ],
    });
  });

  it("fails for a pattern that cannot be used", async () => {
    const failure = await failureOf(condition, {
      parameters: { rules: [{ left: "x", operator: "matches", right: "(" }] },
    });
    expect(failure.code).toBe("invalid_input");
  });
});
