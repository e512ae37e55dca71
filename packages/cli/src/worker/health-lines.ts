import type { Engine, EngineHealth } from "@automatrix/core";
import type { WorkerLog } from "./worker-log.js";

const LOOK_EVERY_MS = 2_000;

/** A line whenever the engine is no longer well, or well again. Returns the way to stop. */
export function logHealth(engine: Engine, { line }: WorkerLog): () => void {
  let last = "";
  const look = (): void => {
    const text = healthText(engine.health());
    if (text !== last && (text !== "" || last !== "")) line(text === "" ? "all is well again" : text);
    last = text;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Empty when all is well. A late heartbeat has its own warning. */
function healthText({ storage, dispatcher, eventBus }: EngineHealth): string {
  if (!storage.isAnswering) return `degraded: the storage ${storage.name} does not answer`;
  if (dispatcher !== undefined && dispatcher.status !== "up")
    return `degraded: Redis does not answer${reason(dispatcher)}; executions are found in the storage alone`;
  if (eventBus !== undefined && eventBus.status !== "up")
    return `degraded: the event bus does not answer${reason(eventBus)}; other processes are heard of a sweep later`;
  return "";
}

function reason({ message }: { readonly message?: string }): string {
  return message === undefined ? "" : ` (${message})`;
}
