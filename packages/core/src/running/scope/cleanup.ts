import type { ScopeRunner } from "./scope-runner.js";

const DEFAULT_CLEANUP_TIMEOUT_MS = 60_000;

/** The `always` nodes of a scope begin: together they have `cleanupTimeoutMs`. */
export function beginCleanup(scope: ScopeRunner): void {
  if (scope.cleanupTimer === undefined && scope.state.phase === "cleanup") armCleanup(scope);
}

/** A body that is itself a cleanup, such as `finally`, has `cleanupTimeoutMs` as a whole. */
export function limitCleanupBody(body: ScopeRunner): void {
  armCleanup(body);
}

/** The scope has ended, with its cleanup if it had any. */
export function endCleanup(scope: ScopeRunner): void {
  if (scope.cleanupTimer === undefined) return;
  scope.cleanupTimer.cancel();
  scope.runner.departure.openCleanups--;
}

function armCleanup(scope: ScopeRunner): void {
  const { departure, starter, services } = scope.runner;
  const limitMs = scope.plan.settings.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS;
  // The limit counts from here on, and no record says so: it ends where it began.
  departure.openCleanups++;
  scope.cleanupTimer = services.timers.set(services.clock.now() + limitMs, () => {
    departure.wake();
    scope.dispatch({ type: "stop" });
    starter.pump();
  });
}
