import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { webhookTrigger } from "./webhook-trigger.js";

describe("webhook_trigger", () => {
  it("passes the request on", async () => {
    const input = { method: "POST", path: "/", headers: { a: "b" }, query: {}, body: { lead: 7 } };
    expect(await runNode(webhookTrigger, { input })).toEqual(input);
  });

  it("takes POST and answers at once, unless told otherwise", () => {
    expect(webhookTrigger.parameterSchema?.parse({})).toEqual({ methods: ["POST"], respond: "immediately" });
  });

  it("refuses an empty secret, no methods, and ways of answering that there are not", () => {
    const accepts = (parameters: object) => webhookTrigger.parameterSchema?.safeParse(parameters).success;
    expect(accepts({ methods: ["GET", "PUT"], secret: "hook", respond: "respond_node" })).toBe(true);
    expect(accepts({ secret: "" })).toBe(false);
    expect(accepts({ methods: [] })).toBe(false);
    expect(accepts({ respond: "later" })).toBe(false);
  });
});
