import type { ExecutionCommit, NodeRecord } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { toCommitRow, toEvents } from "./commit-row.js";

const node: NodeRecord = {
  path: "a",
  status: "completed",
  attempts: 1,
  output: { text: "unique" },
  startedAt: 1,
  endedAt: 2,
};

describe("a row of one commit", () => {
  const commit: ExecutionCommit = {
    executionId: "e1",
    epoch: 1,
    nodes: [node],
    events: [
      { seq: 0, type: "node.started", at: 1, executionId: "e1", nodeId: "b", attempt: 1, data: { record: 0 } },
      { seq: 0, type: "node.completed", at: 2, executionId: "e1", nodeId: "a", attempt: 1, data: node },
    ],
  };

  it("stores an output once", () => {
    const { events, nodes } = toCommitRow(commit);
    expect(`${events}${nodes}`.split("unique")).toHaveLength(2);
  });

  it("gives the events back, numbered", () => {
    const events = toEvents(toCommitRow(commit), { executionId: "e1", lastSeq: 9 });
    expect(events).toEqual([
      { ...commit.events?.[0], seq: 8 },
      { ...commit.events?.[1], seq: 9 },
    ]);
  });

  it("gives events back that were stored as objects", () => {
    const events = JSON.stringify([
      { type: "node.started", at: 1, nodeId: "b", attempt: 1, data: { record: 0 } },
      { type: "node.completed", at: 2, nodeId: "a", attempt: 1, record: 0 },
    ]);
    expect(toEvents({ events, nodes: JSON.stringify([node]) }, { executionId: "e1", lastSeq: 9 })).toEqual(
      toEvents(toCommitRow(commit), { executionId: "e1", lastSeq: 9 }),
    );
  });

  it("is empty where there is nothing", () => {
    expect(toCommitRow({ executionId: "e1", epoch: 1, events: [], nodes: [] })).toEqual({
      events: null,
      nodes: null,
      steps: null,
    });
  });
});
