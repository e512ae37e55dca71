import type { NodeContext } from "@automatrix/core";
import { type AiLayer, createAiLayer } from "./ai-layer.js";
import { type AiOptions, DEFAULT_CALL_TIMEOUT_MS, DEFAULT_FALLBACK_REASONS } from "./ai-options.js";
import type { ChatModel } from "./chat-model.js";
import { anthropicChatModel } from "./providers/anthropic-chat-model.js";
import { openAiChatModel } from "./providers/openai-chat-model.js";
import { isOpenAiProvider } from "./providers/openai-client.js";
import { openSession } from "./providers/provider-session.js";
import { cannotChat, type Route, routeTo, routeToTarget, type WantedModel } from "./routing.js";
import { withBudget } from "./wrappers/budget.js";
import { withCallLog } from "./wrappers/call-log.js";
import { withCircuitBreaker } from "./wrappers/circuit-breaker.js";
import { withCost } from "./wrappers/cost.js";
import { type FallbackStep, withFallback } from "./wrappers/fallback.js";
import { withFixedModel } from "./wrappers/fixed-model.js";
import { withResponseCache } from "./wrappers/response-cache.js";
import { withTimeout } from "./wrappers/timeout.js";

/** A model that is ready to be called, with every wrapper applied; valid for one attempt of a node. */
export interface OpenModel {
  readonly model: ChatModel;
  /** For `ChatRequest.model`. */
  readonly modelName: string;
}

/** Opens models by name. */
export interface ModelSource {
  /** @throws FatalNodeError `not_configured` when the provider or its credential is missing */
  open(ctx: NodeContext, wanted: WantedModel): Promise<OpenModel>;
}

/**
 * A source of models. Sources and nodes that are given the same layer share its budgets and circuits: one layer for the
 * nodes of an engine.
 *
 * Of the wrappers, the cache is outermost (what it answers costs nothing), then the chain of fallbacks; each model of the
 * chain has its own log line, budget, circuit, cost and time limit.
 */
export function createModelSource(options: AiOptions, layer: AiLayer = createAiLayer(options)): ModelSource {
  return {
    async open(ctx, wanted) {
      const route = routeTo(ctx, layer.options, wanted);
      const first: FallbackStep = { model: await openRoute(ctx, layer, route), on: [] };
      const others = fallbacksOf(layer.options, route).map(({ on = DEFAULT_FALLBACK_REASONS, ...target }) => ({
        model: lazily(routeToTarget(layer.options, target), (fallback) => openRoute(ctx, layer, fallback)),
        on,
      }));
      const chain = withFallback([first, ...others]);
      const model = withResponseCache(chain, {
        ctx,
        options: layer.options,
        route: `${route.provider}/${route.model}`,
      });
      return { model, modelName: route.model };
    },
  };
}

function fallbacksOf({ fallbacks = {} }: AiOptions, { provider, model }: Route) {
  const key = [`${provider}/${model}`, model, "*"].find((name) => Object.hasOwn(fallbacks, name));
  const targets = key === undefined ? [] : (fallbacks[key] ?? []);
  return targets.filter((target) => target.model !== model || (target.provider ?? provider) !== provider);
}

async function openRoute(ctx: NodeContext, layer: AiLayer, route: Route): Promise<ChatModel> {
  const { options, prices, spending, breakers } = layer;
  const { kind } = route.settings;
  const { clock } = ctx;
  const defaultTimeoutMs = options.defaults?.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  const timed = withTimeout(await openAdapter(ctx, options, route), { clock, defaultTimeoutMs });
  const guarded = withCircuitBreaker(withCost(timed, prices, kind), breakers, clock);
  const paid = withBudget(guarded, { ctx, spending, prices, kind });
  return withFixedModel(withCallLog(paid, { ctx, options }), route.model);
}

async function openAdapter(ctx: NodeContext, options: AiOptions, { provider, settings }: Route): Promise<ChatModel> {
  if (settings.kind === "custom") return { provider, complete: (request) => settings.model.complete(request) };
  if (isOpenAiProvider(settings)) return openAiChatModel(await openSession(ctx, options, { name: provider, settings }));
  if (settings.kind === "anthropic")
    return anthropicChatModel(await openSession(ctx, options, { name: provider, settings }));
  throw cannotChat(provider, settings);
}

/** Opened only when its turn comes, so that a fallback without a credential fails nobody who does not need it. */
function lazily({ provider, ...route }: Route, open: (route: Route) => Promise<ChatModel>): ChatModel {
  return { provider, complete: async (request) => (await open({ provider, ...route })).complete(request) };
}
