import type { Effects } from "../definition/workflow-definition.js";

const EFFECT_STRENGTH: Readonly<Record<Effects, number>> = { pure: 0, idempotent: 1, transactional: 1, once: 2 };

/** The stricter of two kinds of effects. */
export function strictestEffects(a: Effects, b: Effects | undefined): Effects {
  return b === undefined || EFFECT_STRENGTH[b] <= EFFECT_STRENGTH[a] ? a : b;
}
