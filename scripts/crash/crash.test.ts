import { describe, expect, it } from "vitest";
import type { CrashRunOptions } from "./crash-run.js";
import { runKill } from "./kill.js";
import { runPair } from "./pair.js";
import { runZombie } from "./zombie.js";

/** Processes that load TypeScript, on a machine that may be busy. */
const TIMEOUT_MS = 120_000;
const OPTIONS: CrashRunOptions = { seed: 1, storage: "sqlite", say: () => {} };

/** A short round of what `npm run crash` does at length. */
describe("real processes on one SQLite file", () => {
  it(
    "lose nothing and repeat nothing that was recorded when they are killed",
    async () => expect(await runKill({ ...OPTIONS, rounds: 4 })).toMatchObject({ violations: [] }),
    TIMEOUT_MS,
  );

  it(
    "write nothing any more when they wake up after their lease",
    // Far more than a lease and a second: the machine may be busy. `npm run crash` is strict.
    async () => expect(await runZombie({ ...OPTIONS, takeoverAllowanceMs: 5_000 })).toMatchObject({ violations: [] }),
    TIMEOUT_MS,
  );

  it(
    "never run one execution at once",
    async () => expect(await runPair({ ...OPTIONS, executions: 100 })).toMatchObject({ violations: [] }),
    TIMEOUT_MS,
  );
});
