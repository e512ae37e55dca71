import { expect, it } from "vitest";
import { runInChild } from "./support/run-in-child.js";

it("an engine that was closed leaves no timer, listener or handle, and nothing ever rejects unheard", async () => {
  const { exitCode, stdout, stderr } = await runInChild(new URL("./support/leak-child.ts", import.meta.url));
  expect(stderr).toBe("");
  const closed = "engine_closed";
  expect(JSON.parse(stdout)).toEqual({ codes: [closed, closed, closed, closed], leakedTimers: 0 });
  expect(exitCode).toBe(0);
});
