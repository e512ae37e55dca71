import { describe, expect, it } from "vitest";
import { parseDecision, parseSignal } from "./answers.js";

describe("parseDecision", () => {
  it.each([
    ["ask=approve", { nodePath: "ask", decision: "approve", by: "command-line" }],
    ["loop[0]/ask=reject:ann", { nodePath: "loop[0]/ask", decision: "reject", by: "ann" }],
    ["a=b=approve", { nodePath: "a=b", decision: "approve", by: "command-line" }],
  ])("reads %s", (argument, decision) => {
    expect(parseDecision(argument)).toEqual(decision);
  });

  it.each(["ask", "ask=", "ask=maybe", "=approve", "ask=approve:"])("refuses %s", (argument) => {
    expect(() => parseDecision(argument)).toThrow(/--decide takes/);
  });
});

describe("parseSignal", () => {
  it("reads a name and JSON, which may hold = itself", () => {
    expect(parseSignal('paid={"by":"a=b"}')).toEqual({ name: "paid", payload: { by: "a=b" } });
    expect(parseSignal("paid")).toEqual({ name: "paid", payload: null });
  });

  it("refuses a missing name and what is no JSON", () => {
    expect(() => parseSignal("=1")).toThrow(/NAME=JSON/);
    expect(() => parseSignal("paid={")).toThrow(/--signal paid:1:2/);
  });
});
