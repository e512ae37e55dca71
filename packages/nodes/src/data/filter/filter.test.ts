import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { filter } from "./filter.js";

describe("filter", () => {
  it("keeps the items for which the condition holds, reading it per item", async () => {
    const parameters = { items: [3, 0, 5], condition: "item > 0 || index == 1" };
    const seen: unknown[] = [];
    const kept = await runNode(filter, {
      parameters,
      evaluate: (parameter, extra) => {
        seen.push([parameter, extra]);
        return extra["item"];
      },
    });
    expect(kept).toEqual([3, 5]);
    expect(seen).toEqual([0, 1, 2].map((index) => ["condition", { item: parameters.items[index], index }]));
  });

  it("works on its input when no items are given, and names what it got instead of a list", async () => {
    expect(await runNode(filter, { parameters: { condition: "true" }, input: [1], evaluate: () => true })).toEqual([1]);
    const failure = await failureOf(filter, { parameters: { condition: "true" }, input: { a: 1 } });
    expect(failure).toMatchObject({ code: "invalid_input", name: "FatalNodeError", details: { kind: "object" } });
    expect(failure.message).toBe("Expected a list, but the input (no `items` given) is an object.");
  });
});
