import { uuidv7 } from "uuidv7";
import type { Ids } from "../ports/ids.js";

/** Time-ordered UUIDs (RFC 9562, version 7). */
export const systemIds: Ids = Object.freeze({ next: () => uuidv7() });
