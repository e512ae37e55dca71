import type { EventAnnouncement } from "../ports/event-bus.js";

/**
 * What another process announced, for adapters of the `EventBus` port whose messages are
 * `{ from, items: [[executionId, lastSeq, hasEnded 1 or 0], …] }`; nothing when the message is our own or not one of ours.
 * Never throws, whatever the text is.
 */
export function readAnnouncements(text: string, ownSender: string): readonly EventAnnouncement[] {
  let message: { readonly from?: unknown; readonly items?: unknown } | null;
  try {
    message = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof message !== "object" || message === null || message.from === ownSender) return [];
  return Array.isArray(message.items) ? message.items.flatMap(toAnnouncement) : [];
}

function toAnnouncement(item: unknown): readonly EventAnnouncement[] {
  if (!Array.isArray(item)) return [];
  const [executionId, lastSeq, hasEnded] = item as readonly unknown[];
  if (typeof executionId !== "string" || typeof lastSeq !== "number") return [];
  return [{ executionId, lastSeq, hasEnded: hasEnded === 1 }];
}
