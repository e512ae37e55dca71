import { randomFillSync } from "node:crypto";
import type { Ids } from "../ports/ids.js";
import { loadModule } from "../shared/load-module.js";

/** Random numbers are drawn so many at a time: for each alone the call would cost more than the id. */
const RANDOM_NUMBERS = 256;

let nextId: (() => string) | undefined;

/** Time-ordered UUIDs (RFC 9562, version 7). */
export const systemIds: Ids = Object.freeze({
  next() {
    nextId ??= createGenerator();
    return nextId();
  },
});

function createGenerator(): () => string {
  const { V7Generator } = loadModule<typeof import("uuidv7")>("uuidv7");
  const numbers = new Uint32Array(RANDOM_NUMBERS);
  let drawn = RANDOM_NUMBERS;
  const generator = new V7Generator({
    nextUint32() {
      if (drawn === RANDOM_NUMBERS) {
        randomFillSync(numbers);
        drawn = 0;
      }
      return numbers[drawn++] as number;
    },
  });
  return () => generator.generate().toString();
}
