import { setTimeout as sleep } from "node:timers/promises";
import {
  defineNode,
  type NodeContext,
  type NodeType,
  RetryableNodeError,
  type WorkflowDefinition,
} from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";
import type { Ledger } from "./ledger.js";

/** The standard nodes and two that do something in the world outside. */
export function crashNodes(ledger: Ledger): readonly NodeType[] {
  return [...standardNodes(), effectNode(ledger), agentNode(ledger)];
}

/** Takes `ms`; its output names the attempt that made it, so that the ledger can be compared with what was recorded. */
function effectNode(ledger: Ledger): NodeType {
  return defineNode({
    type: "effect",
    execute: (ctx: NodeContext) =>
      ledger.record(ctx, undefined, async () => {
        await sleep(Number(ctx.parameters["ms"] ?? 0));
        if (ctx.attempt <= Number(ctx.parameters["failingAttempts"] ?? 0)) throw new RetryableNodeError("busy");
        return { attemptId: ctx.attemptId };
      }),
  });
}

/** Pays for three answers, each a durable step. */
function agentNode(ledger: Ledger): NodeType {
  return defineNode({
    type: "step_agent",
    execute: (ctx: NodeContext) =>
      ledger.record(ctx, undefined, async () => {
        for (const step of ["ask-1", "ask-2", "ask-3"])
          await ctx.step(step, () =>
            ledger.record(ctx, step, async () => {
              await sleep(Number(ctx.parameters["ms"] ?? 0));
              return { attemptId: ctx.attemptId };
            }),
          );
        return { attemptId: ctx.attemptId };
      }),
  });
}

/** A little of everything, over in about half a second. */
export const MIXED_WORKFLOW: WorkflowDefinition = {
  name: "crash-mixed",
  nodes: [
    { id: "first", type: "effect", data: { ms: 5 } },
    { id: "left", type: "effect", data: { ms: 20 } },
    { id: "right", type: "effect", data: { ms: 40, failingAttempts: 1 }, retry: { delaysMs: [60] } },
    { id: "agent", type: "step_agent", data: { ms: 10 } },
    {
      id: "loop",
      type: "for_each",
      data: {
        items: [1, 2, 3, 4],
        concurrency: 2,
        body: {
          nodes: [
            { id: "x", type: "effect", data: { ms: 5 } },
            { id: "y", type: "effect", data: { ms: 5 } },
          ],
          edges: [{ source: "x", target: "y" }],
        },
      },
    },
    { id: "pause", type: "delay", data: { duration: 150 } },
    {
      id: "child",
      type: "sub_workflow",
      data: {
        definition: {
          name: "crash-child",
          nodes: [
            { id: "x", type: "effect", data: { ms: 10 } },
            { id: "y", type: "effect", data: { ms: 10 } },
          ],
          edges: [{ source: "x", target: "y" }],
        },
      },
    },
    { id: "last", type: "effect", data: { ms: 5 } },
  ],
  edges: [
    { source: "first", target: "left" },
    { source: "first", target: "right" },
    { source: "left", target: "agent" },
    { source: "left", target: "pause" },
    { source: "right", target: "loop" },
    { source: "right", target: "child" },
    { source: "agent", target: "last" },
    { source: "loop", target: "last" },
    { source: "pause", target: "last" },
    { source: "child", target: "last" },
  ],
};

/** Three calls in a row, the middle one long enough to be stopped in. */
export const SLOW_WORKFLOW: WorkflowDefinition = {
  name: "crash-slow",
  nodes: [
    { id: "first", type: "effect", data: { ms: 1 } },
    { id: "slow", type: "effect", data: { ms: 1_500 } },
    { id: "last", type: "effect", data: { ms: 1 } },
  ],
  edges: [
    { source: "first", target: "slow" },
    { source: "slow", target: "last" },
  ],
};

/** Three short calls, and a pause after which any process may go on. */
export const SHORT_WORKFLOW: WorkflowDefinition = {
  name: "crash-short",
  nodes: [
    { id: "first", type: "effect", data: { ms: 1 } },
    { id: "second", type: "effect", data: { ms: 2 } },
    { id: "pause", type: "delay", data: { duration: 50 } },
    { id: "last", type: "effect", data: { ms: 1 } },
  ],
  edges: [
    { source: "first", target: "second" },
    { source: "second", target: "pause" },
    { source: "pause", target: "last" },
  ],
};

export const WORKFLOWS = { mixed: MIXED_WORKFLOW, slow: SLOW_WORKFLOW, short: SHORT_WORKFLOW } as const;
