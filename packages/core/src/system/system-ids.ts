import type { Ids } from "../ports/ids.js";
import { loadModule } from "../shared/load-module.js";

let uuidv7: (() => string) | undefined;

/** Time-ordered UUIDs (RFC 9562, version 7). */
export const systemIds: Ids = Object.freeze({
  next() {
    uuidv7 ??= loadModule<typeof import("uuidv7")>("uuidv7").uuidv7;
    return uuidv7();
  },
});
