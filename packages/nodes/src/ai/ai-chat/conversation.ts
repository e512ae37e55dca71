import { createHash } from "node:crypto";
import type { Cache } from "@automatrix/core";
import type { ChatMessage } from "../chat-model.js";
import { estimateTokens } from "../tokens/estimate-tokens.js";

/** What was said once, by both sides. */
export interface Turn {
  /** Of the node that said it: a turn that is remembered twice counts once. */
  readonly id: string;
  readonly user: string;
  readonly assistant: string;
}

export interface ConversationLimits {
  readonly maxTurns: number;
  readonly maxTokens: number;
  readonly ttlMs: number;
}

export interface ConversationPlace {
  readonly cache: Cache;
  readonly tenant: string | null;
  readonly key: string;
  readonly limits: ConversationLimits;
}

/** Conversations of one engine. Turns that end at once in this process are added one after the other. */
export interface Conversations {
  /** The turns so far, oldest first, without the one of `exceptId`. */
  recall(place: ConversationPlace, exceptId: string): Promise<readonly Turn[]>;
  /** Adds a turn and forgets the oldest beyond the limits; answers with how many there are. */
  remember(place: ConversationPlace, turn: Turn): Promise<number>;
}

export function createConversations(): Conversations {
  const pending = new Map<string, Promise<unknown>>();
  return {
    async recall(place, exceptId) {
      return withinLimits(await load(place), place.limits).filter(({ id }) => id !== exceptId);
    },
    remember(place, turn) {
      const key = cacheKey(place);
      const before = pending.get(key) ?? Promise.resolve();
      const added = before.then(() => add(place, turn));
      const settled: Promise<unknown> = added.catch(() => {}).then(() => forget(key, settled));
      pending.set(key, settled);
      return added;
    },
  };

  function forget(key: string, settled: Promise<unknown>): void {
    if (pending.get(key) === settled) pending.delete(key);
  }
}

/** The turns as messages of a request. */
export function toMessages(turns: readonly Turn[]): readonly ChatMessage[] {
  return turns.flatMap(({ user, assistant }): ChatMessage[] => [
    { role: "user", content: user },
    { role: "assistant", content: assistant },
  ]);
}

async function add(place: ConversationPlace, turn: Turn): Promise<number> {
  const others = (await load(place)).filter(({ id }) => id !== turn.id);
  const turns = withinLimits([...others, turn], place.limits);
  await place.cache.set(cacheKey(place), turns, { ttlMs: place.limits.ttlMs });
  return turns.length;
}

async function load(place: ConversationPlace): Promise<readonly Turn[]> {
  const kept = await place.cache.get(cacheKey(place));
  return Array.isArray(kept) ? (kept as readonly Turn[]) : [];
}

function withinLimits(turns: readonly Turn[], { maxTurns, maxTokens }: ConversationLimits): readonly Turn[] {
  const kept: Turn[] = [];
  let tokens = 0;
  for (const turn of turns.slice(Math.max(0, turns.length - maxTurns)).reverse()) {
    tokens += estimateTokens(turn.user) + estimateTokens(turn.assistant);
    if (tokens > maxTokens) break;
    kept.push(turn);
  }
  return kept.reverse();
}

function cacheKey({ tenant, key }: ConversationPlace): string {
  const text = JSON.stringify([tenant, key]);
  return `ai-conversation:${createHash("sha256").update(text).digest("hex")}`;
}
