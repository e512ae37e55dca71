import type { ExecutionEvent } from "../../events/event.js";
import type { EventHub } from "../../events/event-hub.js";
import type { Storage } from "../../ports/storage.js";

const PAGE_SIZE = 500;
/** Events that are passed on at once and never stored. */
export const LIVE_TYPES: ReadonlySet<string> = new Set(["log", "stream", "progress"]);
/** After one of these nothing more happens in an execution. */
export const FINAL_TYPES: ReadonlySet<string> = new Set([
  "execution.completed",
  "execution.failed",
  "execution.cancelled",
]);

export interface EventStreamParams {
  readonly storage: Storage;
  readonly hub: EventHub;
  readonly executionId: string;
  readonly after: number;
  readonly maxBufferedEvents: number;
}

/**
 * The events of an execution in order, from the journal: new ones only wake the reader, so a slow reader costs no
 * memory and misses nothing. Ends with the execution, or when the engine closes. Live events are kept up to a limit, the oldest dropped first.
 */
export async function* streamEvents({
  storage,
  hub,
  executionId,
  after,
  maxBufferedEvents,
}: EventStreamParams): AsyncGenerator<ExecutionEvent, void, undefined> {
  const live: ExecutionEvent[] = [];
  let wake: (() => void) | undefined;
  let hasNews = true;
  let isOver = false;
  const stopWatching = hub.onClose(() => {
    isOver = true;
    wake?.();
  });
  const stop = hub.onExecution(executionId, (event) => {
    if (LIVE_TYPES.has(event.type)) live.push(event);
    if (live.length > maxBufferedEvents) live.shift();
    hasNews = true;
    wake?.();
  });
  const stopNudges = hub.onNudge((nudgedId) => {
    if (nudgedId !== undefined && nudgedId !== executionId) return;
    hasNews = true;
    wake?.();
  });
  try {
    let seq = after;
    isOver ||= (await storage.getExecution(executionId)) === undefined;
    while (!isOver) {
      hasNews = false;
      for (
        let page = await storage.listEvents(executionId, { after: seq, limit: PAGE_SIZE });
        page.length > 0;
        page = await storage.listEvents(executionId, { after: seq, limit: PAGE_SIZE })
      ) {
        for (const event of page) {
          seq = event.seq;
          isOver ||= FINAL_TYPES.has(event.type);
          yield event;
        }
      }
      while (live.length > 0) yield live.shift() as ExecutionEvent;
      if (isOver || hasNews) continue;
      const record = await storage.getExecution(executionId);
      isOver ||= record === undefined || (record.endedAt !== null && record.lastSeq <= seq);
      if (!isOver && !hasNews)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
    stopNudges();
    stopWatching();
  }
}
