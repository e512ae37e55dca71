import type { ScopeRunner } from "./scope-runner.js";

const DEFAULT_CLEANUP_TIMEOUT_MS = 60_000;

/** The `always` nodes of a scope begin: together they have `cleanupTimeoutMs`. */
export function beginCleanup(scope: ScopeRunner): void {
  if (scope.cleanupTimer !== undefined || scope.state.phase !== "cleanup") return;
  const { departure, starter } = scope.runner;
  // The limit counts from here on, and no record says so: it ends where it began.
  departure.mustStay = true;
  armCleanup(scope, () => {
    scope.dispatch({ type: "stop" });
    starter.pump();
  });
}

/** A body that is itself a cleanup, such as `finally`, has `cleanupTimeoutMs` as a whole. */
export function limitCleanupBody(body: ScopeRunner): void {
  armCleanup(body, () => body.dispatch({ type: "stop" }));
}

function armCleanup(scope: ScopeRunner, onTimeUp: () => void): void {
  const { timers, clock } = scope.runner.services;
  const limitMs = scope.plan.settings.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS;
  scope.cleanupTimer = timers.set(clock.now() + limitMs, onTimeUp);
}
