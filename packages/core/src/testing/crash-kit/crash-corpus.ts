import type { NodeDefinition, WorkflowDefinition, WorkflowSettings } from "../../definition/workflow-definition.js";
import { sketchWorkflow } from "../sketch-workflow.js";
import { crashNodes } from "./crash-nodes.js";
import type { CrashOutside, CrashWorkflow } from "./crash-workflow.js";

const SLOW = { data: { afterMs: 100 } } as const;

function flow(
  text: string,
  nodes: Readonly<Record<string, Partial<NodeDefinition>>> = {},
  settings?: WorkflowSettings,
): WorkflowDefinition {
  return sketchWorkflow(text, { name: "crash", type: "work", nodes, settings });
}

function workflow(
  name: string,
  definition: WorkflowDefinition,
  parts: Partial<Omit<CrashWorkflow, "name" | "definition">> = {},
): CrashWorkflow {
  return { name, definition, input: { start: 1 }, nodes: crashNodes, ...parts };
}

// ── what the world outside does ──────────────────────────────────────────────

/** Sends the signal once somebody waits for it. */
async function signalWhenAwaited({ engine, executionId, waits }: CrashOutside): Promise<void> {
  for (const { kind, signalName, nodePath } of await waits())
    if (kind === "signal" && signalName !== null)
      await engine.signal(executionId, signalName, { for: nodePath }, { key: nodePath });
}

/** Sends the signal as soon as the execution is there, whoever waits for it. */
async function signalEarly({ engine, executionId }: CrashOutside): Promise<void> {
  await engine.signal(executionId, "go", { early: true }, { key: "early" });
}

async function approve({ engine, executionId, waits }: CrashOutside): Promise<void> {
  for (const { kind, nodePath, approval } of await waits()) {
    if (kind !== "approval") continue;
    const by = ["ada", "grace"].find((name) => !approval?.decisions.some((decision) => decision.by === name));
    if (by !== undefined) await engine.decideApproval(executionId, nodePath, { decision: "approve", by });
  }
}

/** Answers for a node whose outcome is unknown that it took place. */
async function settleUnknown({ engine, executionId, waits }: CrashOutside): Promise<void> {
  for (const { kind, nodePath } of await waits())
    if (kind === "unknown_outcome") await engine.resolveUnknown(executionId, nodePath, { output: { paid: true } });
}

/** Cancels once the node `last` runs. */
async function cancelInFlight({ engine, executionId, entries }: CrashOutside): Promise<void> {
  if (entries.some((entry) => entry.what === "called" && entry.path === "last"))
    await engine.cancel(executionId, "enough");
}

// ── the corpus ───────────────────────────────────────────────────────────────

const CHAIN = flow("a>b b>c c>d", { b: SLOW });

/** The kit's workflows: every construct of the language that has a life of its own. */
export const CRASH_WORKFLOWS: readonly CrashWorkflow[] = [
  workflow("A chain of nodes with effects", CHAIN),
  workflow("A chain with pure nodes between", flow("a>p p>q q>b b>r", pure("p", "q", "r"))),
  workflow("A chain in strict mode", flow("a>p p>b b>c", pure("p")), { engineOptions: { durability: "strict" } }),
  workflow("A chain in outcome mode", CHAIN, { engineOptions: { durability: "outcome" } }),
  workflow("A diamond", flow("a>b a>c b>d c>d", { b: SLOW, c: { data: { afterMs: 200 } } })),
  workflow("A branch not taken", flow("a>b a:other>c b>d c>d")),
  workflow(
    "A join of any",
    flow("a>fast a>slow fast>j slow>j", { fast: SLOW, slow: { data: { afterMs: 3_000 } }, j: { join: "any" } }),
  ),
  workflow(
    "A join of any that cancels the others",
    flow("a>fast a>slow fast>j slow>j", {
      fast: SLOW,
      slow: { data: { hangs: true } },
      j: { join: { mode: "any", cancelOthers: true } },
    }),
    { nodesMayDiffer: true },
  ),
  workflow(
    "A quorum of two",
    flow("a>x a>y a>z x>j y>j z>j", { y: SLOW, z: { data: { afterMs: 3_000 } }, j: { join: "quorum:2" } }),
  ),
  workflow("One node at a time", flow("a>x a>y a>z x>j y>j z>j", { x: SLOW, y: SLOW, z: SLOW }, { maxConcurrency: 1 })),
  workflow(
    "for_each that collects failures",
    flow("a>loop loop>b", {
      loop: {
        type: "for_each",
        data: {
          items: [1, 2, 3, 4],
          concurrency: 2,
          body: flow("x>y x>z", {
            x: { data: { afterMs: 50, output: "{{ input }}" } },
            y: { data: { output: "{{ input * 2 }}" } },
            z: { data: { error: "{{ input == 3 ? 'three' : null }}" }, onError: "continue" },
          }),
        },
      },
    }),
  ),
  workflow(
    "for_each with an item that fails",
    flow("loop>b", {
      loop: {
        type: "for_each",
        data: { items: [1, 2, 3], concurrency: 1, body: flow("x>y x>z", { z: { data: { error: "no" } } }) },
      },
    }),
  ),
  workflow(
    "while_loop with variables",
    flow("loop>b", {
      loop: {
        type: "while_loop",
        data: {
          turns: 3,
          body: flow("x>y", {
            x: { data: { variables: { seen: "{{ index }}" } } },
            y: { data: { output: { turn: "{{ index }}", seen: "{{ seen }}" }, afterMs: 50 } },
          }),
        },
      },
    }),
  ),
  workflow(
    "Containers in containers",
    flow("loop", {
      loop: {
        type: "while_loop",
        data: {
          turns: 2,
          body: flow("each>z", {
            each: {
              type: "for_each",
              data: { items: ["p", "q"], concurrency: 2, body: flow("x>y", { x: { data: { output: "{{ item }}" } } }) },
            },
          }),
        },
      },
    }),
  ),
  workflow(
    "try with catch and finally",
    flow("t>b", {
      t: {
        type: "try",
        data: {
          body: flow("x>y", { y: { data: { error: "no" } } }),
          catch: flow("c>d", { c: SLOW }),
          finally: flow("f"),
        },
      },
    }),
  ),
  workflow(
    "A node that is tried again",
    flow("a>b b>c", { b: { data: { failingAttempts: 2 }, retry: { delaysMs: [1_000, 5_000] } } }),
  ),
  workflow(
    "A node that fails for good after its retries",
    flow("a>b b>c", { b: { data: { failingAttempts: 9 }, retry: { delaysMs: [1_000] } } }),
    { ends: "failed" },
  ),
  workflow("A delay", flow("a>w w>b", { w: { type: "delaying", data: { delayMs: 60_000 } } })),
  workflow("A delay beside work", flow("w>b x>y", { w: { type: "delaying", data: { delayMs: 1_000 } }, y: SLOW })),
  workflow("A signal", flow("a>s s>b", { s: { type: "signalling" } }), { act: signalWhenAwaited }),
  workflow("A signal that comes early", flow("a>b b>s s>c", { b: SLOW, s: { type: "signalling" } }), {
    act: signalEarly,
  }),
  workflow(
    "A signal that does not come",
    flow("a>s s>b s:timed_out>c", { s: { type: "signalling", data: { timeoutMs: 30_000 } } }),
  ),
  workflow(
    "Several waits at once",
    flow("s>j t>j w>j j>b", {
      s: { type: "signalling", data: { name: "one" } },
      t: { type: "signalling", data: { name: "two" } },
      w: { type: "delaying", data: { delayMs: 20_000 } },
    }),
    { act: signalWhenAwaited },
  ),
  workflow(
    "An approval of two",
    flow("a>p p:approved>b p:rejected>c", { p: { type: "approving", data: { quorum: 2 } } }),
    {
      act: approve,
    },
  ),
  workflow(
    "A sub-workflow",
    flow("a>s s>b", { s: { type: "sub_workflow", data: { definition: flow("x>y", { x: SLOW }) } } }),
  ),
  workflow(
    "A sub-workflow that waits",
    flow("a>s s>b", {
      s: {
        type: "sub_workflow",
        data: { definition: flow("x>w w>y", { w: { type: "delaying", data: { delayMs: 30_000 } } }) },
      },
    }),
  ),
  workflow(
    "A sub-workflow that fails",
    flow("a>s s>b s:error>c", {
      s: { type: "sub_workflow", data: { definition: flow("x>y", { y: { data: { error: "no" } } }) } },
      c: { data: { output: "handled" } },
    }),
  ),
  workflow("An agent's loop of steps", flow("a>s s>b", { s: { type: "steps", data: { turns: 3 } } })),
  workflow(
    "Steps of a node that is tried again",
    flow("s>b", { s: { type: "steps", data: { turns: 2, failingAttempts: 1 }, retry: { delaysMs: [1_000] } } }),
  ),
  workflow("A payment that can be verified", flow("a>p p>b", { p: { type: "pay" } })),
  workflow("A payment that nobody can verify", flow("a>p p>b", { p: { type: "pay_blindly" } }), { act: settleUnknown }),
  workflow(
    "An error port",
    flow("a>b b>c b:error>d", { b: { data: { error: "no" } }, d: { data: { output: "saved" } } }),
  ),
  workflow(
    "A failure that is passed over",
    flow("a>b b>c", { b: { data: { error: "no" }, onError: { action: "continue", output: { instead: 1 } } } }),
  ),
  workflow(
    "Variables",
    flow("a>b a>c b>d c>d", {
      a: { data: { variables: { x: 1 } } },
      b: { data: { variables: { y: 2 }, afterMs: 50 } },
      c: { data: { variables: { y: 3 } } },
      d: { data: { output: { x: "{{ x }}", y: "{{ y }}" } } },
    }),
  ),
  workflow(
    "A failure with cleanup",
    flow("a>b b>c a>z c>z", { b: { data: { error: "no" } }, z: { join: "always", data: { afterMs: 50 } } }),
    { ends: "failed" },
  ),
  workflow(
    "A failure that drains",
    flow("a>b a>slow slow>c a>w", {
      b: { data: { error: "no", afterMs: 50 } },
      slow: { data: { afterMs: 500 } },
      w: { type: "delaying", data: { delayMs: 60_000 } },
    }),
    { ends: "failed", nodesMayDiffer: true },
  ),
  workflow(
    "A failure that aborts",
    flow(
      "a>b a>slow",
      { b: { data: { error: "no", afterMs: 50 } }, slow: { data: { hangs: true } } },
      {
        onFailure: "abort",
      },
    ),
    { ends: "failed", nodesMayDiffer: true },
  ),
  workflow("A cancel in mid-flight", flow("a>last last>b", { last: { data: { hangs: true } } }), {
    act: cancelInFlight,
    ends: "cancelled",
    nodesMayDiffer: true,
  }),
];

function pure(...ids: readonly string[]): Readonly<Record<string, Partial<NodeDefinition>>> {
  return Object.fromEntries(ids.map((id) => [id, { type: "compute" }]));
}
