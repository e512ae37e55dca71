import { describe, expect, it } from "vitest";
import { scriptedNode, testEngine } from "../src/testing/index.js";
import { BASIC_NODES, fates, flow, run } from "./support/workflow.js";

const left = { type: "route", data: { port: "left" } };
const slow = (afterMs: number) => scriptedNode({ type: "slow", script: [{ output: "slow", afterMs }] });

describe("join auto", () => {
  it("runs when at least one edge is live, once all are known", async () => {
    expect(fates(await run(flow("a:left>b a:right>c b>d c>d", { a: left })))).toEqual({
      a: "completed",
      b: "completed",
      c: "skipped branch_not_taken",
      d: "completed",
    });
  });

  it("skips as branch_not_taken when a branch was not taken", async () => {
    expect(fates(await run(flow("a:right>b b>c", { a: left })))).toEqual({
      a: "completed",
      b: "skipped branch_not_taken",
      c: "skipped upstream_skipped",
    });
  });

  it("waits for the slowest branch of a diamond", async () => {
    const node = slow(1_000);
    const result = await run(flow("a>b a>c b>d c>d", { b: { type: "slow" }, d: { type: "pass" } }), {
      nodes: [node],
      advance: "1s",
    });
    expect(result.output).toEqual({ b: "slow", c: { c: true } });
  });
});

describe("join all", () => {
  it("skips as join_unsatisfied when an edge is dead", async () => {
    expect(fates(await run(flow("a:left>b a:right>c b>d c>d", { a: left, d: { join: "all" } })))["d"]).toBe(
      "skipped join_unsatisfied",
    );
  });

  it("runs when all are live", async () => {
    expect(fates(await run(flow("b>d c>d", { d: { join: "all" } })))["d"]).toBe("completed");
  });
});

describe("join any", () => {
  it("runs at the first live edge with the inputs of that moment", async () => {
    const node = slow(1_000);
    const result = await run(flow("a>c b>c", { a: { type: "slow" }, c: { type: "pass", join: "any" } }), {
      nodes: [node],
      advance: "1s",
    });
    expect(result.output).toEqual({ b: true });
    expect(fates(result)).toEqual({ a: "completed", b: "completed", c: "completed" });
  });

  it("skips only when every edge is dead, with the reason of the edges", async () => {
    expect(fates(await run(flow("a:right>b a:right>c", { a: left, b: { join: "any" } })))["b"]).toBe(
      "skipped branch_not_taken",
    );
  });
});

describe("join quorum", () => {
  it("runs at the n-th live edge", async () => {
    const node = slow(1_000);
    const result = await run(flow("a>d b>d c>d", { b: { type: "slow" }, d: { type: "pass", join: "quorum:2" } }), {
      nodes: [node],
      advance: "1s",
    });
    expect(result.output).toEqual({ a: true, c: true });
  });

  it("skips as join_unsatisfied when too few are live", async () => {
    expect(
      fates(
        await run(
          flow("a:left>b a:right>c a:right>d b>e c>e d>e", { a: left, e: { join: { mode: "quorum", count: 2 } } }),
        ),
      )["e"],
    ).toBe("skipped join_unsatisfied");
  });

  it("journals the edges that decided it", async () => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, slow(1_000)] });
    const handle = await engine.execute(flow("a>d b>d c>d", { a: { type: "slow" }, d: { join: "quorum:2" } }));
    await engine.advance("1s");
    await handle.result();
    const started = (await engine.getJournal(handle.id)).find(
      ({ type, nodeId }) => type === "node.started" && nodeId === "d",
    );
    expect(started?.data).toMatchObject({ sources: ["b", "c"] });
  });
});

describe("join always", () => {
  it("runs with an empty input when no edge is live", async () => {
    const result = await run(flow("a:right>b b>c", { a: left, c: { type: "pass", join: "always" } }));
    expect(result.nodes["c"]).toMatchObject({ status: "completed", output: {} });
  });

  it("waits until every edge is known", async () => {
    const node = slow(1_000);
    const result = await run(flow("a>c b>c", { a: { type: "slow" }, c: { type: "pass", join: "always" } }), {
      nodes: [node],
      advance: "1s",
    });
    expect(result.output).toEqual({ a: "slow", b: { b: true } });
  });
});

describe("reasons of a skip", () => {
  it("name the failure upstream before everything else", async () => {
    const result = await run(flow("a>c b:right>c c>d", { a: { type: "fail" }, b: left, c: { join: "all" } }));
    expect(fates(result)).toMatchObject({ c: "skipped upstream_failed", d: "skipped upstream_failed" });
  });

  it("do not depend on the order of arrival", async () => {
    const definition = flow("a:left>x a:right>y b:left>z b:right>w y>j w>j", { a: left, b: left, j: { join: "any" } });
    expect(fates(await run(definition))["j"]).toBe("skipped upstream_skipped");
  });
});

describe("cancelOthers", () => {
  const winner = { type: "pass", join: { mode: "any" as const, cancelOthers: true } };

  it("cancels running nodes from which every path leads through the join and drops their late results", async () => {
    const loser = scriptedNode({ type: "loser", script: [{ hang: true }] });
    const result = await run(flow("a>c b>c", { a: { type: "loser" }, c: winner }), { nodes: [loser], advance: 1 });
    expect(result).toMatchObject({ status: "completed", output: { b: true } });
    expect(fates(result)).toEqual({ a: "cancelled", b: "completed", c: "completed" });
    expect(loser.calls[0]?.signal.aborted).toBe(true);
  });

  it("skips those that had not begun as cancelled", async () => {
    const loser = scriptedNode({ type: "loser", script: [{ hang: true }] });
    const result = await run(flow("a>a2 a2>c b>c", { a: { type: "loser" }, c: winner }), {
      nodes: [loser],
      advance: 1,
    });
    expect(fates(result)).toEqual({ a: "cancelled", a2: "skipped cancelled", b: "completed", c: "completed" });
  });

  it("leaves alone what also leads elsewhere", async () => {
    const node = slow(1_000);
    const result = await run(flow("a>c a>d b>c", { a: { type: "slow" }, c: winner }), { nodes: [node], advance: "1s" });
    expect(fates(result)).toEqual({ a: "completed", b: "completed", c: "completed", d: "completed" });
  });

  it("cancels a parked node and its wait", async () => {
    const waiting = scriptedNode({ type: "waiting", script: [{ wait: (wait) => wait.signal("go") }] });
    const quick = scriptedNode({ type: "quick", script: [{ output: 1, afterMs: 5 }] });
    const result = await run(flow("a>c b>c", { a: { type: "waiting" }, b: { type: "quick" }, c: winner }), {
      nodes: [waiting, quick],
      advance: 10,
    });
    expect(fates(result)).toEqual({ a: "cancelled", b: "completed", c: "completed" });
  });
});
