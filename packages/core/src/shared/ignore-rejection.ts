/**
 * Code may throw a promise that rejects. Whoever catches it holds it as a value and never awaits it, so that its own
 * rejection would end the process as unhandled. Never throws, whatever it is given.
 */
export function ignoreRejection(thrown: unknown): void {
  try {
    if (thrown instanceof Promise) thrown.catch(() => {});
  } catch {
    // A proxy that refuses to be looked at is no promise of the platform.
  }
}
