import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { eventTrigger } from "./event-trigger.js";

describe("event_trigger", () => {
  it("passes the payload on", async () => {
    const parameters = { event: "order.paid" };
    expect(await runNode(eventTrigger, { parameters, input: { amount: 250 } })).toEqual({ amount: 250 });
  });

  it("leaves its filter to be worked out when an event comes", () => {
    expect(eventTrigger.deferred).toEqual(["filter"]);
  });

  it("needs the name of an event", () => {
    const accepts = (parameters: object) => eventTrigger.parameterSchema?.safeParse(parameters).success;
    expect(accepts({ event: "order.paid", filter: "{{ input.amount > 1 }}" })).toBe(true);
    expect(accepts({ event: "order.paid", filter: false })).toBe(true);
    expect(accepts({})).toBe(false);
    expect(accepts({ event: "" })).toBe(false);
    expect(accepts({ event: "order.paid", filter: { amount: 1 } })).toBe(false);
  });

  it("refuses a filter with text around the braces, which would always be true", () => {
    const accepts = (filter: string) => eventTrigger.parameterSchema?.safeParse({ event: "e", filter }).success;
    expect(accepts("input.amount > input.limit")).toBe(true);
    expect(accepts(" {{ input.amount > input.limit }} ")).toBe(true);
    expect(accepts("{{ input.amount }} > {{ input.limit }}")).toBe(false);
  });
});
