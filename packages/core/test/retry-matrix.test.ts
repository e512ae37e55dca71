import { describe, expect, it } from "vitest";
import type { NodeDefinition } from "../src/index.js";
import { scriptedNode } from "../src/testing/index.js";
import { fates, flow, run } from "./support/workflow.js";

const MAX_ATTEMPTS = 4;
const DELAYS_MS = [10, 20, 30];

const RETRIES = { "no retry": { maxAttempts: 1 }, retry: { delaysMs: DELAYS_MS } } as const;
const REACTIONS = ["fail", "continue", "error port"] as const;
const SUCCESSES = [1, 2, 3, 4, "never"] as const;

interface Cell {
  readonly retry: keyof typeof RETRIES;
  readonly reaction: (typeof REACTIONS)[number];
  readonly succeedsAt: (typeof SUCCESSES)[number];
}

const CELLS = (Object.keys(RETRIES) as (keyof typeof RETRIES)[]).flatMap((retry) =>
  REACTIONS.flatMap((reaction) => SUCCESSES.map((succeedsAt): Cell => ({ retry, reaction, succeedsAt }))),
);

/** What has to come out, computed apart from the engine. */
function expectationOf({ retry, reaction, succeedsAt }: Cell) {
  const allowed = retry === "retry" ? MAX_ATTEMPTS : 1;
  const succeeds = succeedsAt !== "never" && succeedsAt <= allowed;
  const attempts = succeeds ? succeedsAt : allowed;
  const durationMs = DELAYS_MS.slice(0, attempts - 1).reduce((sum, delayMs) => sum + delayMs, 0);
  const error = { code: "node_failed", message: `attempt ${attempts} fails`, nodeId: "a", attempt: attempts };
  if (succeeds) {
    return {
      attempts,
      durationMs,
      status: "completed",
      a: "completed",
      next: "completed",
      nextInput: "done",
      rescue: reaction === "error port" ? "skipped branch_not_taken" : undefined,
    };
  }
  switch (reaction) {
    case "fail":
      return { attempts, durationMs, status: "failed", a: "failed", next: "skipped upstream_failed", error };
    case "continue":
      return { attempts, durationMs, status: "completed", a: "failed continue", next: "completed", nextInput: null };
    case "error port":
      return {
        attempts,
        durationMs,
        status: "completed",
        a: "failed error_port",
        next: "skipped branch_not_taken",
        rescue: "completed",
        rescueInput: { error, input: { given: 1 } },
      };
  }
}

function definitionOf({ retry, reaction }: Cell) {
  const a: Partial<NodeDefinition> = {
    type: "trying",
    retry: RETRIES[retry],
    ...(reaction === "continue" ? { onError: "continue" as const } : {}),
  };
  const next = { type: "look" };
  return reaction === "error port"
    ? flow("a>next a:error>rescue", { a, next, rescue: { type: "rescue" } })
    : flow("a>next", { a, next });
}

describe("retry × onError × outcome", () => {
  it("has every cell", () => {
    expect(CELLS).toHaveLength(2 * 3 * 5);
  });

  it.each(CELLS.map((cell) => [`${cell.retry}, ${cell.reaction}, succeeds at ${cell.succeedsAt}`, cell] as const))(
    "%s",
    async (_name, cell) => {
      const expected = expectationOf(cell);
      const trying = scriptedNode({
        type: "trying",
        script: [
          ({ attempt }) => {
            if (attempt === cell.succeedsAt) return "done";
            throw new Error(`attempt ${attempt} fails`);
          },
        ],
      });
      const look = scriptedNode({ type: "look" });
      const rescue = scriptedNode({ type: "rescue" });
      const result = await run(definitionOf(cell), {
        nodes: [trying, look, rescue],
        input: { given: 1 },
        advance: "1s",
      });
      expect(result.status).toBe(expected.status);
      expect(trying.calls.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: expected.attempts }, (_, index) => index + 1),
      );
      expect(result.nodes["a"]?.attempts).toBe(expected.attempts);
      expect(result.durationMs).toBe(expected.durationMs);
      expect(fates(result)).toEqual({
        a: expected.a,
        next: expected.next,
        ...("rescue" in expected && expected.rescue !== undefined ? { rescue: expected.rescue } : {}),
      });
      if ("nextInput" in expected) expect(look.calls[0]?.input).toEqual(expected.nextInput);
      else expect(look.calls).toEqual([]);
      if ("rescueInput" in expected) expect(rescue.calls[0]?.input).toEqual(expected.rescueInput);
      else expect(rescue.calls).toEqual([]);
      if ("error" in expected) expect(result.error).toEqual(expected.error);
      else expect(result.error).toBeUndefined();
    },
  );
});
