import type { NodeType } from "@automatrix/core";
import { errorTrigger } from "./error-trigger/error-trigger.js";
import { eventTrigger } from "./event-trigger/event-trigger.js";
import { scheduleTrigger } from "./schedule-trigger/schedule-trigger.js";
import { start } from "./start/start.js";
import { webhookTrigger } from "./webhook-trigger/webhook-trigger.js";

/** Nodes that start a workflow. */
export const triggerNodes: readonly NodeType[] = Object.freeze([
  start,
  scheduleTrigger,
  webhookTrigger,
  eventTrigger,
  errorTrigger,
]);
