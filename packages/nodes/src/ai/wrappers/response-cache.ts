import { createHash } from "node:crypto";
import type { NodeContext } from "@automatrix/core";
import { canonicalJson } from "../../json/canonical-json.js";
import { type AiOptions, DEFAULT_CACHE_TTL_MS } from "../ai-options.js";
import type { ChatAnswer, ChatModel, ChatRequest } from "../chat-model.js";
import { report, toCall } from "./call-log.js";

/** Longer answers are not kept. */
const MAX_CACHED_CHARACTERS = 256 * 1024;

export interface ResponseCacheParts {
  readonly ctx: NodeContext;
  readonly options: AiOptions;
  /** The model as it was chosen; part of the key. */
  readonly route: string;
}

/**
 * Answers equal requests of a tenant from `ctx.cache`. The key is the whole request: model, messages, tools, schema,
 * temperature and limit. An answer that was cut or refused is not kept. A cache that fails is as good as none.
 */
export function withResponseCache(model: ChatModel, { ctx, options, route }: ResponseCacheParts): ChatModel {
  if (options.cache === undefined) return model;
  const { ttlMs = DEFAULT_CACHE_TTL_MS, anyTemperature = false } = options.cache;
  return {
    provider: model.provider,
    async complete(request) {
      if (!anyTemperature && request.temperature !== 0) return model.complete(request);
      const key = keyOf(request, route, ctx.execution.tenant);
      const known = (await ctx.cache.get(key).catch(() => undefined)) as ChatAnswer | undefined;
      if (known !== undefined) {
        const { provider, model: name } = known;
        const facts = { provider, model: name, tokens: 0, cost: 0, cached: true };
        report(ctx, options, toCall(ctx, ctx.clock.now(), facts));
        return replay(known, request);
      }
      const answer = await model.complete(request);
      if (isKept(answer)) await ctx.cache.set(key, answer, { ttlMs }).catch(() => {});
      return answer;
    },
  };
}

function replay(answer: ChatAnswer, request: ChatRequest): ChatAnswer {
  if (answer.text !== "") request.onText?.(answer.text);
  return { ...answer, cost: 0, cached: true };
}

function isKept({ text, toolCalls, finishReason }: ChatAnswer): boolean {
  if (finishReason !== "stop" && finishReason !== "tool_calls") return false;
  return text.length + JSON.stringify(toolCalls).length <= MAX_CACHED_CHARACTERS;
}

function keyOf(request: ChatRequest, route: string, tenant: string | null): string {
  const { messages, tools, responseSchema, temperature, maxTokens } = request;
  const text = canonicalJson({ tenant, route, messages, tools, responseSchema, temperature, maxTokens });
  return `ai-answer:${createHash("sha256").update(text).digest("hex")}`;
}
