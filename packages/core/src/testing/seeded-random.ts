import type { Ids } from "../ports/ids.js";
import type { Random } from "../ports/random.js";

/** The same numbers for the same seed (mulberry32, by Tommy Ettinger, public domain). */
export function seededRandom(seed = 1): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** `id-000001`, `id-000002`, …: rising, and the same in every run. */
export function sequentialIds(prefix = "id"): Ids {
  let count = 0;
  return { next: () => `${prefix}-${String(++count).padStart(6, "0")}` };
}
