import { performance } from "node:perf_hooks";
import { Cron } from "../packages/core/src/coordination/schedules/cron/cron.js";
import { quantile, type Spread, spreadOf } from "./statistics.js";

/** None of these ever matches; each is to be refused at once. */
const UNREACHABLE = [
  "* * 30 2 *",
  "* * 30-31 2 *",
  "* * 31 2 *",
  "* * 31 4,6,9,11 *",
  "* * L-30 11 *",
  "* * L-29 2 *",
  "0 0 31W 11 *",
  "0 0 0 29 2 * 2023",
] as const;

/** Dense, daily, across changes of the clock, and years apart. */
const REACHABLE = ["* * * * * *", "*/5 * * * *", "30 2 * * *", "0 0 13 * 5", "0 0 29 2 *"] as const;

const TIME_ZONE = "America/New_York";
const FROM = Date.UTC(2025, 0, 1);
const SLOTS = 200;
const RUNS = 21;

/** How long cron expressions take. */
export interface CronTimes {
  /** Refusal of an expression that never matches, over all of them. */
  readonly unreachableMs: Spread;
  readonly next: readonly { readonly cron: string; readonly microsecondsPerSlot: number }[];
}

export function measureCron(): CronTimes {
  const refusals = UNREACHABLE.flatMap((cron) => Array.from({ length: RUNS }, () => timeRefusal(cron)));
  return {
    unreachableMs: spreadOf(refusals),
    next: REACHABLE.map((cron) => ({ cron, microsecondsPerSlot: timeSlots(cron) })),
  };
}

export function cronText({ unreachableMs: { median, max }, next }: CronTimes): string {
  const slots = next.map(({ cron, microsecondsPerSlot }) => `${cron}: ${microsecondsPerSlot.toFixed(1)}`);
  return `\ncron: refuses what never matches in ${median.toFixed(2)} ms (at most ${max.toFixed(2)}); µs per slot in ${TIME_ZONE}: ${slots.join(", ")}`;
}

function timeRefusal(cron: string): number {
  const startedAt = performance.now();
  try {
    new Cron({ cron, timeZone: TIME_ZONE });
  } catch {
    return performance.now() - startedAt;
  }
  throw new Error(`"${cron}" was not refused.`);
}

function timeSlots(cron: string): number {
  const schedule = new Cron({ cron, timeZone: TIME_ZONE });
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    schedule.list(FROM, SLOTS);
    return performance.now() - startedAt;
  });
  return (quantile(times, 0.5) / SLOTS) * 1_000;
}
