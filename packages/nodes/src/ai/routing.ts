import type { FatalNodeError, NodeContext } from "@automatrix/core";
import { type AiExperiment, type AiModelTarget, type AiOptions, type AiProvider, providersOf } from "./ai-options.js";
import { notConfigured } from "./provider-error.js";
import { settingsOf } from "./providers/provider-session.js";
import { chooseVariant } from "./wrappers/ab-split.js";

/** A provider and a model, both decided. */
export interface Route {
  readonly provider: string;
  readonly settings: AiProvider;
  readonly model: string;
}

/** Which model a node asks for: names of the options, never addresses. */
export interface WantedModel {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly stickyKey?: string | undefined;
}

const DEFAULT_MODELS: Partial<Record<AiProvider["kind"], string>> = {
  openai: "gpt-4o-mini",
  azure_openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
};

/** Kinds whose models are known by their names. */
const MODEL_NAMES: readonly { readonly pattern: RegExp; readonly kinds: readonly AiProvider["kind"][] }[] = [
  { pattern: /^claude-/, kinds: ["anthropic"] },
  { pattern: /^(?:gpt-|o\d|chatgpt-|text-embedding-|dall-e-|omni-moderation)/, kinds: ["openai", "azure_openai"] },
  { pattern: /^(?:imagen|gemini)/, kinds: ["google"] },
  { pattern: /^(?:stable-|sd3|core$|ultra$)/, kinds: ["stability"] },
];

/**
 * Decides who is called: experiment, then registry, then the provider named, the one that the model's name speaks of, the
 * default one. @throws FatalNodeError `not_configured`
 */
export function routeTo(ctx: NodeContext, options: AiOptions, wanted: WantedModel): Route {
  const name = wanted.model ?? (wanted.provider === undefined ? options.defaults?.model : undefined);
  const target = registered(options, chosen(ctx, options, { ...wanted, model: name }));
  return toRoute(options, target);
}

/** The route to a target that no experiment stands before, such as a fallback. */
export function routeToTarget(options: AiOptions, target: AiModelTarget): Route {
  return toRoute(options, registered(options, target));
}

function chosen(ctx: NodeContext, options: AiOptions, wanted: WantedModel): WantedModel {
  const { model, stickyKey } = wanted;
  const experiment = model === undefined ? undefined : ownValue(options.experiments, model);
  if (model === undefined || experiment === undefined) return wanted;
  const variant = chooseVariant(model, experiment.variants, stickyKey ?? defaultKey(ctx, experiment));
  if (variant === undefined)
    throw notConfigured(
      `The AI experiment "${model}" has no variant with a weight above 0; see the option ai.experiments.`,
    );
  return variant;
}

function defaultKey({ execution }: NodeContext, { stickyBy = "execution" }: AiExperiment): string {
  switch (stickyBy) {
    case "tenant":
      return execution.tenant ?? "";
    case "workflow":
      return execution.workflowId ?? execution.workflowName ?? "";
    case "execution":
      return execution.id;
  }
}

function registered(options: AiOptions, wanted: WantedModel): WantedModel {
  const target = wanted.model === undefined ? undefined : ownValue(options.models, wanted.model);
  if (target === undefined) return wanted;
  return wanted.provider === undefined || wanted.provider === target.provider ? target : wanted;
}

function toRoute(options: AiOptions, { provider: wantedProvider, model: wantedModel }: WantedModel): Route {
  const provider = wantedProvider ?? providerFor(options, wantedModel);
  const settings = settingsOf(options, provider);
  const model = wantedModel ?? settings.defaultModel ?? DEFAULT_MODELS[settings.kind];
  if (model !== undefined) return { provider, settings, model };
  // Only those who want to chat ask for no model.
  if (settings.kind === "stability" || settings.kind === "google") throw cannotChat(provider, settings);
  throw notConfigured(
    `The AI provider "${provider}" has no default model: name a model, or set the option ai.providers.${provider}.defaultModel.`,
  );
}

/** For providers that are there for images alone. */
export function cannotChat(provider: string, { kind }: AiProvider): FatalNodeError {
  return notConfigured(`The AI provider "${provider}" (${kind}) makes images and cannot chat; name another provider.`);
}

function providerFor(options: AiOptions, model: string | undefined): string {
  const providers = Object.entries(providersOf(options));
  const byDefault = options.defaults?.provider ?? providers[0]?.[0];
  if (byDefault === undefined) throw notConfigured("No AI provider is configured; add one to the option ai.providers.");
  const kinds = model === undefined ? undefined : MODEL_NAMES.find(({ pattern }) => pattern.test(model))?.kinds;
  if (kinds === undefined || kinds.includes(settingsOf(options, byDefault).kind)) return byDefault;
  return providers.find(([, { kind }]) => kinds.includes(kind))?.[0] ?? byDefault;
}

function ownValue<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
