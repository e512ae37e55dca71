import { describe, expect, it } from "vitest";
import { CIRCUIT_FAILURES, CIRCUIT_OPEN_MS, CIRCUIT_WINDOW_MS, CircuitBreakers } from "./circuit-breakers.js";

function breakers() {
  let now = 1_000;
  const circuits = new CircuitBreakers({ now: () => now, setTimer: () => () => undefined });
  return {
    circuits,
    wait: (ms: number) => {
      now += ms;
    },
    fail: (times: number, host = "a") => {
      for (let count = 0; count < times; count++) circuits.pass(host).failed();
    },
  };
}

const OPEN = expect.objectContaining({ code: "circuit_open" });

describe("CircuitBreakers", () => {
  it("opens at the fifth failure in a row, for this host alone", () => {
    const { circuits, fail } = breakers();
    fail(CIRCUIT_FAILURES - 1);
    circuits.pass("a").failed();
    expect(() => circuits.pass("a")).toThrow(OPEN);
    expect(() => circuits.pass("b")).not.toThrow();
  });

  it("says how long it stays open", () => {
    const { circuits, fail, wait } = breakers();
    fail(CIRCUIT_FAILURES);
    wait(10_000);
    expect(() => circuits.pass("a")).toThrow(expect.objectContaining({ retryAfterMs: CIRCUIT_OPEN_MS - 10_000 }));
  });

  it("counts only failures of the window", () => {
    const { circuits, fail, wait } = breakers();
    fail(CIRCUIT_FAILURES - 1);
    wait(CIRCUIT_WINDOW_MS);
    fail(CIRCUIT_FAILURES - 1);
    expect(() => circuits.pass("a")).not.toThrow();
  });

  it("forgets failures at a success", () => {
    const { circuits, fail } = breakers();
    fail(CIRCUIT_FAILURES - 1);
    circuits.pass("a").succeeded();
    fail(CIRCUIT_FAILURES - 1);
    expect(() => circuits.pass("a")).not.toThrow();
  });

  it("lets one trial through once it has been open long enough, and closes at its success", () => {
    const { circuits, fail, wait } = breakers();
    fail(CIRCUIT_FAILURES);
    wait(CIRCUIT_OPEN_MS);
    const trial = circuits.pass("a");
    expect(() => circuits.pass("a")).toThrow(OPEN);
    trial.succeeded();
    fail(CIRCUIT_FAILURES - 1);
    expect(() => circuits.pass("a")).not.toThrow();
  });

  it("opens again when the trial fails", () => {
    const { circuits, fail, wait } = breakers();
    fail(CIRCUIT_FAILURES);
    wait(CIRCUIT_OPEN_MS);
    circuits.pass("a").failed();
    wait(CIRCUIT_OPEN_MS - 1);
    expect(() => circuits.pass("a")).toThrow(OPEN);
  });

  it("lets another trial through when the first was given up", () => {
    const { circuits, fail, wait } = breakers();
    fail(CIRCUIT_FAILURES);
    wait(CIRCUIT_OPEN_MS);
    circuits.pass("a").abandoned();
    expect(() => circuits.pass("a")).not.toThrow();
  });

  it("lets nothing that began earlier close or prolong an open circuit", () => {
    const { circuits, fail, wait } = breakers();
    const [early, late] = [circuits.pass("a"), circuits.pass("a")];
    fail(CIRCUIT_FAILURES);
    early.succeeded();
    wait(1);
    late.failed();
    expect(() => circuits.pass("a")).toThrow(expect.objectContaining({ retryAfterMs: CIRCUIT_OPEN_MS - 1 }));
  });

  it("counts a pass once", () => {
    const { circuits } = breakers();
    const pass = circuits.pass("a");
    for (let count = 0; count < CIRCUIT_FAILURES; count++) pass.failed();
    expect(() => circuits.pass("a")).not.toThrow();
  });

  it("remembers a bounded number of hosts, the latest to fail", () => {
    const { circuits, fail } = breakers();
    fail(CIRCUIT_FAILURES, "first");
    for (let host = 0; host < 1_000; host++) fail(1, `host-${host}`);
    expect(() => circuits.pass("first")).not.toThrow();
  });
});
