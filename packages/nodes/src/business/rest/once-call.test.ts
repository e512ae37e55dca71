import { FatalNodeError, RetryableNodeError } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { runOnce, verifyRefusal } from "./once-call.js";

/** Starts of the same attempt that share the journal's steps, as before and after a crash. */
function journal() {
  const recorded = new Map<string, unknown>();
  let starts = 0;
  return () => {
    const counts = new Map<string, number>();
    return {
      attempt: 1,
      attemptId: `start ${starts++}`,
      async step<Value>(name: string, run: () => Value | Promise<Value>): Promise<Value> {
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        const key = `${name}#${count}`;
        if (!recorded.has(key)) recorded.set(key, await run());
        return recorded.get(key) as Value;
      },
    };
  };
}

const prepare = () => "prepared";
const failing = (error: Error) => () => Promise.reject(error);

describe("runOnce", () => {
  it("says of a refusal that nothing happened, and of anything else that nobody knows", async () => {
    const refusals = [
      { prepare, send: failing(new FatalNodeError("no")) },
      { prepare: failing(new Error("not there")), send: async () => 1 },
    ];
    for (const call of refusals) {
      const start = journal();
      await expect(runOnce(start(), call)).rejects.toThrow();
      expect(await verifyRefusal(start())).toEqual({ notDone: true });
    }
    for (const error of [new Error("lost"), new RetryableNodeError("later")]) {
      const start = journal();
      await expect(runOnce(start(), { prepare, send: failing(error) })).rejects.toBe(error);
      expect(await verifyRefusal(start())).toEqual({ unknown: true });
    }
  });

  it("does not let the refusal of an earlier start speak for a later one", async () => {
    const start = journal();
    const refuse = () => runOnce(start(), { prepare, send: failing(new FatalNodeError("no")) }).catch(() => undefined);
    await refuse();
    expect(await verifyRefusal(start())).toEqual({ notDone: true });
    await runOnce(start(), { prepare, send: failing(new Error("lost")) }).catch(() => undefined);
    expect(await verifyRefusal(start())).toEqual({ unknown: true });
    await refuse();
    expect(await verifyRefusal(start())).toEqual({ notDone: true });
    expect(await verifyRefusal(start())).toEqual({ unknown: true });
  });

  it("writes nothing when all goes well", async () => {
    const ctx = journal()();
    const step = () => Promise.reject(new Error("not expected"));
    expect(await runOnce({ ...ctx, step }, { prepare, send: async (prepared) => prepared })).toBe("prepared");
  });
});
