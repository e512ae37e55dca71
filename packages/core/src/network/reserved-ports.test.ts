import { Agent, fetch } from "undici";
import { expect, it } from "vitest";
import { isReservedPort } from "./reserved-ports.js";

const HIGHEST_RESERVED = 10_080;

it("holds the ports that undici refuses, and no other", async () => {
  const dispatcher = new Agent().compose(() => () => {
    throw new Error("not refused");
  });
  for (let port = 1; port <= HIGHEST_RESERVED + 100; port++) {
    const failure: unknown = await fetch(`http://127.0.0.1:${port}/`, { dispatcher }).catch((error: unknown) => error);
    const isRefused = ((failure as Error).cause as Error).message === "bad port";
    if (isRefused !== isReservedPort(port)) expect.unreachable(`port ${port}: undici says ${isRefused}`);
  }
});
