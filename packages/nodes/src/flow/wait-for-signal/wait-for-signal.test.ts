import { expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { waitForSignal } from "./wait-for-signal.js";

it("waits for the signal, with a timeout when one is given", async () => {
  expect(await runNode(waitForSignal, { parameters: { signal: "paid" } })).toEqual(
    expect.objectContaining({ kind: "signal", name: "paid" }),
  );
  expect(await runNode(waitForSignal, { parameters: { signal: "paid", timeoutMs: 5 } })).toMatchObject({
    timeoutMs: 5,
  });
});
