import type { EventType, ExecutionEvent } from "@automatrix/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toDrawableGraph } from "../picture/drawable-graph.js";
import { lineProgress } from "./line-progress.js";
import { LiveProgress } from "./live-progress.js";
import { NodeBoard } from "./node-board.js";

function board(...ids: readonly string[]): NodeBoard {
  return new NodeBoard(toDrawableGraph({ nodes: ids.map((id) => ({ id, type: "end" })) }));
}

function event(
  type: EventType,
  params: { readonly nodeId: string; readonly at?: number; readonly data?: unknown },
): ExecutionEvent {
  return { seq: 1, type, at: params.at ?? 0, executionId: "e", nodeId: params.nodeId, data: params.data ?? {} };
}

function recorder(): { readonly written: () => string; readonly write: (text: string) => void } {
  let text = "";
  return { written: () => text, write: (more) => (text += more) };
}

describe("lineProgress", () => {
  it("writes one line per node that ended, with its duration and what is remarkable", () => {
    const output = recorder();
    const progress = lineProgress(board("a", "b", "c"), output);
    progress.show(event("node.started", { nodeId: "a", at: 100 }));
    progress.show(event("node.completed", { nodeId: "a", at: 103 }));
    progress.show(event("node.failed", { nodeId: "b", data: { error: { code: "fatal", message: "no\u001b[2J" } } }));
    progress.show(event("node.skipped", { nodeId: "c", data: { reason: "upstream_failed" } }));
    const lines = output.written().trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
      "✓ a 3 ms",
      "✗ b 0 ms fatal no [2J",
      "↷ c upstream_failed",
    ]);
  });

  it("counts the nodes of a body on the line of its container", () => {
    const output = recorder();
    const progress = lineProgress(board("loop"), output);
    progress.show(event("node.started", { nodeId: "loop", at: 0 }));
    for (let index = 0; index < 5; index += 1) progress.show(event("node.completed", { nodeId: `loop[${index}]/a` }));
    progress.show(event("node.completed", { nodeId: "loop", at: 9 }));
    expect(output.written().trimEnd().split("\n")).toHaveLength(1);
    expect(output.written()).toContain("5 nodes inside");
  });
});

describe("LiveProgress", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("redraws its lines in place and leaves the last state on the screen", () => {
    const output = recorder();
    const progress = new LiveProgress({ board: board("a", "b"), output, color: false });
    progress.show(event("node.started", { nodeId: "a" }));
    vi.advanceTimersByTime(100);
    progress.show(event("node.completed", { nodeId: "a" }));
    progress.show(event("node.completed", { nodeId: "b" }));
    progress.end();
    const [first, second] = output.written().split("\u001b[2A");
    expect(first).toMatch(/◐ a.*\n○ b/);
    expect(second).toMatch(/✓ a.*\n✓ b/);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stays within the height of the terminal and counts the rest", () => {
    const output = { ...recorder(), rows: 10 };
    const ids = Array.from({ length: 50 }, (_, index) => `n${index}`);
    const progress = new LiveProgress({ board: board(...ids), output, color: false });
    progress.show(event("node.failed", { nodeId: "n49" }));
    progress.end();
    const lines = output.written().trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(output.written()).toContain("✗ n49");
    expect(lines.at(-1)).toContain("49 pending");
  });

  it("draws nothing while somebody is asked", () => {
    const output = recorder();
    const progress = new LiveProgress({ board: board("a"), output, color: false });
    progress.pause();
    const before = output.written();
    vi.advanceTimersByTime(1_000);
    expect(output.written()).toBe(before);
    progress.resume();
    vi.advanceTimersByTime(100);
    expect(output.written().slice(before.length)).not.toContain("\u001b[1A");
    progress.end();
  });

  it("shows the last state when the end comes during a question", () => {
    const output = recorder();
    const progress = new LiveProgress({ board: board("a"), output, color: false });
    progress.pause();
    progress.show(event("node.completed", { nodeId: "a" }));
    progress.end();
    const written = output.written();
    expect(written.split("\n").at(-2)).toContain("✓ a");
    progress.end();
    expect(output.written()).toBe(written);
    expect(vi.getTimerCount()).toBe(0);
  });
});
