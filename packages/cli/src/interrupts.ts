import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const SIGNAL_EXIT_BASE = 128;

/**
 * Calls `onFirst` at the first Ctrl-C (or SIGTERM) and ends the process at the second.
 * @returns gives the signals back to the process
 */
export function onInterrupt(onFirst: (signal: string) => void): () => void {
  let interrupted = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (interrupted) process.exit(SIGNAL_EXIT_BASE + (constants.signals[signal] ?? 0));
    interrupted = true;
    onFirst(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
