import { ignoreRejection } from "../shared/ignore-rejection.js";
import type { EventType, ExecutionEvent } from "./event.js";

export type EventListener<Type extends EventType = EventType> = (event: ExecutionEvent<Type>) => unknown;

/**
 * Hands events to listeners. A listener that throws, or returns a promise that rejects, is reported and harms nobody:
 * that is why this is not a plain emitter.
 */
export class EventHub {
  readonly #byType = new Map<string, Set<EventListener>>();
  readonly #byExecution = new Map<string, Set<EventListener>>();
  readonly #atClose = new Set<() => void>();
  readonly #atNudge = new Set<(executionId?: string) => void>();
  readonly #onListenerError: (error: unknown, event: ExecutionEvent) => void;

  constructor(onListenerError: (error: unknown, event: ExecutionEvent) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Listens to one type, or to all with `"*"`. Returns the way to stop. */
  on(type: EventType | "*", listener: EventListener): () => void {
    return add(this.#byType, type, listener);
  }

  /** Listens to everything of one execution. */
  onExecution(executionId: string, listener: EventListener): () => void {
    return add(this.#byExecution, executionId, listener);
  }

  /** True when somebody would hear an event of this type. */
  hasListeners(type: EventType, executionId: string): boolean {
    return this.#byType.has(type) || this.#byType.has("*") || this.#byExecution.has(executionId);
  }

  emit(event: ExecutionEvent): void {
    this.#tell(this.#byType.get(event.type), event);
    this.#tell(this.#byType.get("*"), event);
    if (this.#byExecution.size > 0) this.#tell(this.#byExecution.get(event.executionId), event);
  }

  /** Calls `run` when events of other processes may have come, of one execution or of any. Returns the way to stop. */
  onNudge(run: (executionId?: string) => void): () => void {
    this.#atNudge.add(run);
    return () => this.#atNudge.delete(run);
  }

  /** Events of other processes may have come: whoever reads a journal looks again. */
  nudge(executionId?: string): void {
    for (const run of this.#atNudge) run(executionId);
  }

  /** Calls `run` when the hub closes. Returns the way to take that back. */
  onClose(run: () => void): () => void {
    this.#atClose.add(run);
    return () => this.#atClose.delete(run);
  }

  close(): void {
    for (const run of this.#atClose) run();
    this.#atClose.clear();
    this.#atNudge.clear();
    this.#byType.clear();
    this.#byExecution.clear();
  }

  #tell(listeners: ReadonlySet<EventListener> | undefined, event: ExecutionEvent): void {
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const answer = listener(event);
        if (
          typeof answer === "object" &&
          answer !== null &&
          typeof (answer as PromiseLike<unknown>).then === "function"
        ) {
          Promise.resolve(answer).catch((error: unknown) => this.#report(error, event));
        }
      } catch (error) {
        this.#report(error, event);
      }
    }
  }

  #report(error: unknown, event: ExecutionEvent): void {
    ignoreRejection(error);
    try {
      this.#onListenerError(error, event);
    } catch {
      // The logger itself failed; there is nobody left to tell.
    }
  }
}

function add(map: Map<string, Set<EventListener>>, key: string, listener: EventListener): () => void {
  const listeners = map.get(key) ?? new Set<EventListener>();
  map.set(key, listeners);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && map.get(key) === listeners) map.delete(key);
  };
}
