import { describe, expect, it } from "vitest";
import { failureOf, fakeContext, runNode } from "../../../test/fake-context.js";
import { delay } from "./delay.js";

describe("delay", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it.each([
    [{ durationMs: 1500 }, 1_500],
    [{ duration: "3d" }, 259_200_000],
    [{ duration: 250 }, 250],
    [{ until: "2026-01-01T00:01:00Z" }, 60_000],
    [{ until: "2026-01-01T01:01:00+01:00" }, 60_000],
    [{ until: now + 5 }, 5],
    [{ until: "2020-01-01T00:00:00Z" }, 0],
  ])("with %j waits %d ms", async (parameters, delayMs) => {
    expect(await runNode(delay, { parameters, now })).toMatchObject({ kind: "delay", delayMs });
  });

  it("passes its input through when it resumes", async () => {
    const { ctx } = fakeContext(delay, { parameters: { durationMs: 1 }, input: { lead: 7 } });
    expect(await delay.resume?.(ctx, { kind: "delay" })).toEqual({ lead: 7 });
  });

  it.each([{ until: "tomorrow" }, { until: "2026-01-01T00:00:00" }])("refuses %j", async (parameters) => {
    expect((await failureOf(delay, { parameters })).code).toBe("invalid_input");
  });

  it.each([
    {},
    { durationMs: 1, duration: "1s" },
    { durationMs: -1 },
    { duration: "soon" },
    { duration: "1 day" },
    { duration: -1 },
  ])("does not accept the parameters %j", (parameters) => {
    expect(delay.parameterSchema?.safeParse(parameters).success).toBe(false);
  });

  it("is pure but for until, which depends on the clock", () => {
    const effects = delay.effects as (parameters: unknown) => string;
    expect(effects({ durationMs: 1 })).toBe("pure");
    expect(effects({ until: 1 })).toBe("idempotent");
  });
});
