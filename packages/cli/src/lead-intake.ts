import type { WorkflowDefinition } from "@automatrix/core";

/** The example that `automatrix` runs without arguments; the same as examples/lead-intake/workflow.json. */
export const leadIntake: WorkflowDefinition = {
  name: "lead-intake",
  nodes: [
    { id: "start", type: "start", data: { label: "Start" } },
    {
      id: "ai_process",
      type: "ai_process",
      data: { label: "AI Process", prompt: "Process this text: {{input_text}}" },
      retry: { maxAttempts: 4, delaysMs: [5_000, 30_000, 120_000] },
      attemptTimeoutMs: 30_000,
    },
    { id: "end", type: "end", data: {} },
  ],
  edges: [
    { source: "start", target: "ai_process" },
    { source: "ai_process", target: "end" },
  ],
  settings: { timeoutMs: 600_000, maxConcurrency: 16, onFailure: "drain" },
};

/** What a visitor of a dealership's website might have typed. */
export const LEAD_INTAKE_INPUT = {
  input_text: "Hi, I would like to test drive the blue hatchback on Saturday. Call me at noon.",
} as const;
