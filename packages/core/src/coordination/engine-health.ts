import type { DispatcherHealth } from "../ports/dispatcher.js";
import type { EventBusHealth } from "../ports/event-bus.js";
import type { HeartbeatState } from "./claiming/heartbeat.js";

/** How an engine is doing. Answered by `engine.health()` from what is known, without a call to the storage. */
export interface EngineHealth {
  /**
   * `starting` until `start()` has opened the storage, `closed` from `close()` on. `degraded`: it works, but the storage
   * did not answer the last heartbeat, or that came late, or there is no lease, or the dispatcher or the event bus is not up.
   */
  readonly status: "starting" | "ok" | "degraded" | "closed";
  /** Its name, and whether it answered the last heartbeat. */
  readonly storage: { readonly name: string; readonly isAnswering: boolean };
  /** How late the last heartbeat was, in milliseconds: for so long the event loop was blocked. */
  readonly lagMs: number;
  /**
   * Milliseconds until this worker lets go of its executions unless a heartbeat gets through; 0 when it has no lease.
   * Null on a storage that only one process can open, where nobody takes over.
   */
  readonly leaseEndsInMs: number | null;
  /** Executions that run here; those that wait or are queued do not count. */
  readonly running: number;
  /** Absent when the engine has none. */
  readonly dispatcher?: DispatcherHealth;
  /** Absent when the engine has none. */
  readonly eventBus?: EventBusHealth;
}

/** Puts the health of an engine together. */
export function toEngineHealth(params: {
  readonly state: "new" | "started" | "closed";
  readonly storage: { readonly name: string; readonly isShared: boolean };
  readonly heartbeat: HeartbeatState;
  readonly running: number;
  readonly dispatcher: DispatcherHealth | undefined;
  readonly eventBus: EventBusHealth | undefined;
  /** The engine's clock. */
  readonly now: number;
}): EngineHealth {
  const { state, storage, heartbeat, running, dispatcher, eventBus, now } = params;
  const { isAnswered, isLagging, lagMs, leaseEndsAt = now } = heartbeat;
  const leaseEndsInMs = storage.isShared ? Math.max(0, leaseEndsAt - now) : null;
  const areHelpersUp = [dispatcher, eventBus].every((helper) => helper === undefined || helper.status === "up");
  const isWell = isAnswered && !isLagging && leaseEndsInMs !== 0 && areHelpersUp;
  return Object.freeze({
    status: state === "new" ? "starting" : state === "closed" ? "closed" : isWell ? "ok" : "degraded",
    storage: Object.freeze({ name: storage.name, isAnswering: isAnswered }),
    lagMs,
    leaseEndsInMs,
    running,
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(eventBus === undefined ? {} : { eventBus }),
  });
}
