import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { errorTrigger } from "./error-trigger.js";

describe("error_trigger", () => {
  it("passes on what failed and why", async () => {
    const input = { execution: { id: "e1", workflowId: "billing" }, error: { code: "node_failed", message: "no" } };
    expect(await runNode(errorTrigger, { input })).toEqual(input);
  });

  it("takes the workflows that it is meant for, by their ids", () => {
    const accepts = (parameters: object) => errorTrigger.parameterSchema?.safeParse(parameters).success;
    expect(accepts({})).toBe(true);
    expect(accepts({ workflowIds: ["billing", "mail"] })).toBe(true);
    expect(accepts({ workflowIds: [""] })).toBe(false);
    expect(accepts({ workflowIds: "billing" })).toBe(false);
  });
});
