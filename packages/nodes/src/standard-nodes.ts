import type { NodeType } from "@automatrix/core";
import { dataNodes } from "./data/data-nodes.js";
import { flowNodes } from "./flow/flow-nodes.js";
import { triggerNodes } from "./triggers/trigger-nodes.js";

/** All nodes of this package: `createEngine({ nodes: standardNodes() })`. */
export function standardNodes(): readonly NodeType[] {
  return [...triggerNodes, ...flowNodes, ...dataNodes];
}
