import type { WorkflowDefinition } from "@automatrix/core";

/** Executions of one customer that may run at once. */
export const CUSTOMER_LIMIT = 2;
export const SCHEDULE_ID = "every-second";
export const SCHEDULED_WORKFLOW_ID = "cluster-tick";
const CUSTOMERS = 5;
/** One in so many executions counts against the limit of its customer. */
const LIMITED_EVERY = 5;

const CHAIN: WorkflowDefinition = {
  name: "cluster-chain",
  nodes: [
    { id: "first", type: "effect", data: { ms: 2 } },
    { id: "second", type: "effect", data: { ms: 5 } },
    { id: "last", type: "effect", data: { ms: 1 } },
  ],
  edges: [
    { source: "first", target: "second" },
    { source: "second", target: "last" },
  ],
};

const DIAMOND: WorkflowDefinition = {
  name: "cluster-diamond",
  nodes: [
    { id: "first", type: "effect", data: { ms: 1 } },
    { id: "left", type: "effect", data: { ms: 3 } },
    { id: "right", type: "effect", data: { ms: 10, failingAttempts: 1 }, retry: { delaysMs: [30] } },
    { id: "middle", type: "effect", data: { ms: 2 } },
    { id: "last", type: "effect", data: { ms: 1 } },
  ],
  edges: [
    { source: "first", target: "left" },
    { source: "first", target: "right" },
    { source: "first", target: "middle" },
    { source: "left", target: "last" },
    { source: "middle", target: "last" },
    { source: "right", target: "last" },
  ],
};

const LIMITED: WorkflowDefinition = {
  ...CHAIN,
  name: "cluster-limited",
  settings: { concurrency: { limit: CUSTOMER_LIMIT, key: "{{customer}}" } },
};

/** What the schedule starts. */
export const TICK: WorkflowDefinition = {
  id: SCHEDULED_WORKFLOW_ID,
  name: "cluster-tick",
  nodes: [{ id: "tick", type: "effect", data: { ms: 1 } }],
  edges: [],
};

export const CLUSTER_WORKFLOWS = { chain: CHAIN, diamond: DIAMOND, limited: LIMITED } as const;

/** What the execution of this number is. */
export function clusterStart(number: number): {
  readonly workflow: keyof typeof CLUSTER_WORKFLOWS;
  readonly input: { readonly customer: string };
} {
  const customer = `customer-${Math.floor(number / LIMITED_EVERY) % CUSTOMERS}`;
  const workflow = number % LIMITED_EVERY === 0 ? "limited" : number % 2 === 0 ? "diamond" : "chain";
  return { workflow, input: { customer } };
}
