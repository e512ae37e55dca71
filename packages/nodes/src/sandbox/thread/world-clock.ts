import type { GuestWorld } from "../guest-protocol.js";

const realNow = Date.now.bind(Date);

/** Makes this thread's clock show the time of a run; WebAssembly reads it from here. Its zone is UTC. */
export function setWorldClock({ nowMs, clockMoves }: GuestWorld): void {
  const begun = realNow();
  Date.now = clockMoves ? () => nowMs + realNow() - begun : () => nowMs;
  Date.prototype.getTimezoneOffset = () => 0;
}
