import type { NodeContext } from "@automatrix/core";
import type { GuestWorld } from "./guest-protocol.js";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The real time, and chance from the engine's source. */
export function movingWorld(ctx: NodeContext<unknown>): GuestWorld {
  return { nowMs: ctx.clock.now(), clockMoves: true, seed: Math.floor(ctx.random.next() * 2 ** 32) };
}

/** The same time and chance at each attempt, and again after a crash: for code whose result must not depend on them. */
export function stillWorld(ctx: NodeContext<unknown>): GuestWorld {
  return { nowMs: ctx.execution.startedAt, clockMoves: false, seed: hash(ctx.idempotencyKey) };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = FNV_OFFSET;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), FNV_PRIME);
  }
  return value >>> 0;
}
