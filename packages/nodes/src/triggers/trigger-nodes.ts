import type { NodeType } from "@automatrix/core";
import { start } from "./start/start.js";

/** Nodes that start a workflow. */
export const triggerNodes: readonly NodeType[] = Object.freeze([start]);
