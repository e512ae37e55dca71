/** Lets timers and sockets have their turn, then calls `run`. */
export function defer(run: () => void): void {
  setImmediate(run);
}
