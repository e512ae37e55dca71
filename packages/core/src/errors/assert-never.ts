import { InternalError } from "./errors.js";

/** Marks a branch that the types rule out. */
export function assertNever(value: never, what: string): never {
  throw new InternalError(`Unexpected ${what}: ${String((value as { type?: unknown })?.type ?? value)}`);
}
