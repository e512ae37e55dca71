import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { subWorkflow } from "./sub-workflow.js";

describe("sub_workflow", () => {
  it("runs a saved workflow on its own input, waiting for it", async () => {
    expect(await runNode(subWorkflow, { parameters: { workflowId: "score" }, input: { a: 1 } })).toMatchObject({
      kind: "execution",
      target: "score",
      input: { a: 1 },
      detach: false,
    });
  });

  it("runs a definition, with another input, without waiting", async () => {
    const definition = { nodes: [] };
    const parameters = { definition, input: null, wait: false };
    expect(await runNode(subWorkflow, { parameters, input: { a: 1 } })).toMatchObject({
      target: definition,
      input: null,
      detach: true,
    });
  });

  it("names the version", async () => {
    expect(await runNode(subWorkflow, { parameters: { workflowId: "score", version: 3 } })).toMatchObject({
      version: 3,
    });
  });

  it.each([{}, { workflowId: "a", definition: { nodes: [] } }, { definition: { edges: [] } }])(
    "does not accept %j",
    (parameters) => {
      expect(subWorkflow.parameterSchema?.safeParse(parameters).success).toBe(false);
    },
  );
});
