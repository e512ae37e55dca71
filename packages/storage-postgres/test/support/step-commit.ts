import type { ExecutionCommit } from "@automatrix/core";
import { eventDraft, nodeRecord } from "@automatrix/core/testing";

/** The commit of one more node, after `afterSeq` events. */
export function stepCommit(id: string, params: { readonly step: number; readonly epoch?: number }): ExecutionCommit {
  const { step, epoch = 1 } = params;
  const node = nodeRecord(`n${step}`, { output: { step } });
  return {
    executionId: id,
    epoch,
    afterSeq: 1 + step,
    nodes: [node],
    events: [{ ...eventDraft(id, "node.completed", node), nodeId: node.path, attempt: 1 }],
  };
}
