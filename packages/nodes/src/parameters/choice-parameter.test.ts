import { expect, it } from "vitest";
import { choiceParameter } from "./choice-parameter.js";

const choice = choiceParameter(["not_equals", "sha3-256"], { "!=": "not_equals" });

it.each(["not_equals", "notEquals", "NOT EQUALS", "not-equals", "!="])("takes %s for not_equals", (written) => {
  expect(choice.parse(written)).toBe("not_equals");
});

it.each(["SHA3-256", "sha3_256"])("takes %s for sha3-256", (written) => {
  expect(choice.parse(written)).toBe("sha3-256");
});

it.each(["equals", "", "constructor", "__proto__", 5, null, ["not_equals"]])("refuses %j", (written) => {
  expect(choice.safeParse(written).success).toBe(false);
});
