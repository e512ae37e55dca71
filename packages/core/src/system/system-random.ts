import type { Random } from "../ports/random.js";

export const systemRandom: Random = Object.freeze({ next: () => Math.random() });
