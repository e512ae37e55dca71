import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createEngine, type ExecutionResult, type NodeType, type WorkflowDefinition } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { standardNodes } from "@automatrix/nodes";
import { describe, expect, it } from "vitest";
import { parseYaml } from "../packages/cli/src/definition-file/parse-yaml.js";
import { leadIntake } from "../packages/cli/src/lead-intake.js";
import { publishPost } from "./custom-node/workflow.js";
import { scriptedAi } from "./lead-intake/scripted-ai.js";

function text(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
}

function json(path: string): WorkflowDefinition {
  return JSON.parse(text(path)) as WorkflowDefinition;
}

interface RunParams {
  readonly input?: unknown;
  readonly nodes?: readonly NodeType[];
  /** How every approval is decided. */
  readonly decision?: "approve" | "reject";
}

async function run(
  definition: WorkflowDefinition,
  { input, nodes = [], decision }: RunParams,
): Promise<ExecutionResult> {
  const replaced = new Set(nodes.map(({ type }) => type));
  const standard = standardNodes().filter(({ type }) => !replaced.has(type));
  await using engine = createEngine({ storage: memoryStorage(), nodes: [...standard, ...nodes] });
  await engine.start();
  if (decision !== undefined) {
    engine.on("node.waiting", ({ executionId, nodeId = "" }) => {
      void engine.decideApproval(executionId, nodeId, { decision, by: "ann" });
    });
  }
  return await engine.run(definition, { input });
}

describe("lead-intake", () => {
  it("is the workflow that the command runs without arguments", () => {
    expect(json("lead-intake/workflow.json")).toEqual(leadIntake);
  });

  it("answers with the AI step's output and the input", async () => {
    const input: unknown = JSON.parse(text("lead-intake/input.json"));
    const { status, output } = await run(json("lead-intake/workflow.json"), { input, nodes: [scriptedAi] });
    expect(status).toBe("completed");
    expect(output).toMatchObject({
      input_text: expect.any(String),
      ai_response: expect.stringContaining("test drive"),
      model_used: "scripted",
    });
  });
});

describe("order-approval", () => {
  const definition = json("order-approval/workflow.json");
  const order = (size: string): unknown => JSON.parse(text(`order-approval/${size}-order.json`));

  it("ships a small order without asking", async () => {
    const { output, nodes } = await run(definition, { input: order("small") });
    expect(output).toEqual({ status: "shipped", customer: "Ann", total: 250 });
    expect(nodes["approve_order"]).toMatchObject({ status: "skipped", skipReason: "branch_not_taken" });
  });

  it("ships a large order that was approved", async () => {
    const { output } = await run(definition, { input: order("large"), decision: "approve" });
    expect(output).toEqual({ status: "shipped", customer: "Bob", total: 5_000 });
  });

  it("declines a large order that was rejected", async () => {
    const { output } = await run(definition, { input: order("large"), decision: "reject" });
    expect(output).toEqual({ status: "declined", customer: "Bob" });
  });

  it("handles a broken order on the error port and completes", async () => {
    const { status, output, nodes } = await run(definition, { input: order("broken") });
    expect(status).toBe("completed");
    expect(output).toMatchObject({ status: "refused", reason: expect.stringContaining("total") });
    expect(nodes["check_order"]).toMatchObject({ status: "failed", handled: "error_port" });
  });
});

describe("map-items", () => {
  it("prices 1,000 items and sums them by shelf", async () => {
    const { output } = await run(json("map-items/workflow.json"), { input: { count: 1_000 } });
    const shelves = output as readonly { shelf: number; items: number; worth: number; dearest: number }[];
    expect(shelves.map(({ shelf, items }) => [shelf, items])).toEqual([
      [0, 250],
      [1, 250],
      [2, 250],
      [3, 250],
    ]);
    expect(shelves.reduce((sum, { worth }) => sum + worth, 0)).toBe(1_000_000);
    expect(shelves[3]?.dearest).toBe(1_999);
  });
});

describe("custom-node", () => {
  it("builds the JSON that lies beside it", () => {
    expect(json("custom-node/workflow.json")).toEqual(publishPost);
  });
});

describe("yaml-workflow", () => {
  it.each([
    ["de", "Guten Tag, Ann!"],
    ["fr", "Bonjour, Ann !"],
    ["en", "Hello, Ann!"],
  ])("greets in %s", async (language, greeting) => {
    const definition = (await parseYaml(text("yaml-workflow/greeting.yaml"), "greeting.yaml")) as WorkflowDefinition;
    expect((await run(definition, { input: { name: "Ann", language } })).output).toBe(greeting);
  });
});
