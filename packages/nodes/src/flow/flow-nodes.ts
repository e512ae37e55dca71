import type { NodeType } from "@automatrix/core";
import { approval } from "./approval/approval.js";
import { condition } from "./condition/condition.js";
import { delay } from "./delay/delay.js";
import { end } from "./end/end.js";
import { fail } from "./fail/fail.js";
import { forEach } from "./for-each/for-each.js";
import { merge } from "./merge/merge.js";
import { respondToWebhook } from "./respond-to-webhook/respond-to-webhook.js";
import { subWorkflow } from "./sub-workflow/sub-workflow.js";
import { switchNode } from "./switch/switch.js";
import { tryNode } from "./try/try.js";
import { waitForSignal } from "./wait-for-signal/wait-for-signal.js";
import { whileLoop } from "./while-loop/while-loop.js";

/** Nodes that decide where, when and how often a workflow goes on. */
export const flowNodes: readonly NodeType[] = Object.freeze([
  end,
  condition,
  switchNode,
  merge,
  forEach,
  whileLoop,
  tryNode,
  delay,
  waitForSignal,
  approval,
  subWorkflow,
  fail,
  respondToWebhook,
]);
