import type { Clock } from "../../ports/clock.js";
import type { TestClock } from "../test-clock.js";

/**
 * The clock of a machine that somebody may set: `now()` jumps, while timers already set run out after the time that
 * they were given, as those of the operating system do.
 */
export interface MachineClock extends Clock {
  jump(byMs: number): void;
}

export function machineClock(base: TestClock): MachineClock {
  let offsetMs = 0;
  return {
    now: () => base.now() + offsetMs,
    setTimer: (at, run) => base.setTimer(at - offsetMs, run),
    jump(byMs) {
      offsetMs += byMs;
    },
  };
}

/** A clock as one process has it: when the process dies, none of its timers fires any more. */
export function mortalClock(clock: Clock): { readonly clock: Clock; die(): void } {
  const cancels = new Set<() => void>();
  let isDead = false;
  return {
    clock: {
      now: () => clock.now(),
      setTimer(at, run) {
        if (isDead) return () => {};
        const cancel = clock.setTimer(at, () => {
          cancels.delete(cancel);
          run();
        });
        cancels.add(cancel);
        return () => {
          cancels.delete(cancel);
          cancel();
        };
      },
    },
    die() {
      isDead = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
