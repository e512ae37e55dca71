import { testClock } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { type AiErrorReason, createProviderError } from "../provider-error.js";
import { createCircuitBreakers } from "./circuit-breakers.js";

const NAME = { provider: "p", model: "m" };

function setup(options: Parameters<typeof createCircuitBreakers>[0] = {}) {
  const clock = testClock();
  const breakers = createCircuitBreakers(options);
  let calls = 0;
  const run = (outcome: AiErrorReason | "ok" | Promise<void>, name = NAME) =>
    breakers.run(name, clock, async () => {
      calls += 1;
      if (typeof outcome !== "string") return await outcome;
      if (outcome !== "ok") throw createProviderError("failed", { ...NAME, reason: outcome });
    });
  const fail = async (times: number, reason: AiErrorReason = "server_error") => {
    for (let time = 0; time < times; time += 1) await expect(run(reason)).rejects.toThrow();
  };
  return { clock, run, fail, calls: () => calls };
}

const open = { name: "RetryableNodeError", details: { reason: "circuit_open" } };

describe("circuit breakers", () => {
  it("open after 5 failures in 30 s, for 30 s", async () => {
    const { clock, run, fail, calls } = setup();
    await fail(5);
    await expect(run("ok")).rejects.toMatchObject({ ...open, retryAfterMs: 30_000 });
    await clock.advance("29s");
    await expect(run("ok")).rejects.toMatchObject({ ...open, retryAfterMs: 1_000 });
    expect(calls()).toBe(5);
    await clock.advance("1s");
    await run("ok");
    await fail(4);
    await run("ok");
  });

  it("stay closed when failures are further apart", async () => {
    const { clock, run, fail } = setup();
    await fail(4);
    await clock.advance("30s");
    await fail(4);
    await run("ok");
  });

  it.each(["rate_limit", "authentication", "invalid_request"] as const)("do not count %s", async (reason) => {
    const { run, fail } = setup();
    await fail(10, reason);
    await run("ok");
  });

  it("let one call probe, and open again when it fails", async () => {
    const { clock, run, fail } = setup();
    await fail(5);
    await clock.advance("30s");
    let endProbe = (_error: unknown) => {};
    const probe = run(new Promise<void>((_resolve, reject) => (endProbe = reject)));
    await expect(run("ok")).rejects.toMatchObject(open);
    endProbe(createProviderError("failed", { ...NAME, reason: "timeout" }));
    await expect(probe).rejects.toThrow("failed");
    await expect(run("ok")).rejects.toMatchObject(open);
    await clock.advance("30s");
    await run("ok");
  });

  it("leave the turn to the next call when a probe was cancelled", async () => {
    const { clock, run, fail } = setup();
    await fail(5);
    await clock.advance("30s");
    await expect(run(Promise.reject(new Error("cancelled")))).rejects.toThrow("cancelled");
    await run("ok");
  });

  it("keep providers apart, and can be turned off", async () => {
    const { run, fail } = setup();
    await fail(5);
    await run("ok", { provider: "other", model: "m" });
    const off = setup(false);
    await off.fail(20);
    await off.run("ok");
  });
});
