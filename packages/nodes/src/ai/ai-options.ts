import type { BudgetOptions } from "./budget/budget-options.js";
import type { ChatModel } from "./chat-model.js";
import type { AiErrorReason } from "./provider-error.js";

export interface AiProviderBase {
  /** Model when neither the node nor `defaults.model` names one. */
  readonly defaultModel?: string;
  /**
   * Name of the credential that holds the key as `apiKey` (or `api_key`, `key`, `token`, `value`). Default: the name of the provider;
   * null for an endpoint that asks for none.
   */
  readonly credential?: string | null;
}

/** Where models are called, and how. Addresses are the operator's; nothing of a workflow chooses one. */
export type AiProvider =
  | (AiProviderBase & { readonly kind: "openai"; readonly baseUrl?: string; readonly organization?: string })
  | (AiProviderBase & {
      readonly kind: "azure_openai";
      /** Such as `https://example.openai.azure.com`. */
      readonly endpoint: string;
      /** Default `2024-10-21`. */
      readonly apiVersion?: string;
      /** Deployment by model name; a model that is not here is taken as the name of its deployment. */
      readonly deployments?: Readonly<Record<string, string>>;
    })
  | (AiProviderBase & {
      /** Any endpoint with the wire format of OpenAI: a gateway, Ollama, vLLM, Mistral, Gemini's compatible endpoint. */
      readonly kind: "openai_compatible";
      /** Such as `http://localhost:11434/v1`. */
      readonly baseUrl: string;
      /** False for an endpoint that refuses a JSON Schema: then the prompt alone asks for it. Default true. */
      readonly structuredOutput?: boolean;
    })
  | (AiProviderBase & { readonly kind: "anthropic"; readonly baseUrl?: string })
  | (AiProviderBase & { readonly kind: "stability"; readonly baseUrl?: string })
  | (AiProviderBase & { readonly kind: "google"; readonly baseUrl?: string })
  | (AiProviderBase & {
      /** A model of the host's own; every wrapper applies to it as to any other. */
      readonly kind: "custom";
      readonly model: ChatModel;
    });

/** A model of a provider. */
export interface AiModelTarget {
  /** Name of the provider in `providers`; found from the model's name, or the default one, when left out. */
  readonly provider?: string;
  readonly model: string;
}

/** What is tried when the model before it failed. */
export interface AiFallback extends AiModelTarget {
  /** Failures after which it is tried. Default: those that another provider may not share, such as `rate_limit`. */
  readonly on?: readonly AiErrorReason[];
}

/** Several models behind one name, each with its share of the calls. */
export interface AiExperiment {
  readonly variants: readonly (AiModelTarget & {
    /** Share of the calls, relative to the sum of all weights. */
    readonly weight: number;
  })[];
  /** What keeps to one variant when the node gives no key of its own. Default `execution`. */
  readonly stickyBy?: "execution" | "workflow" | "tenant";
}

/** US dollars. */
export interface AiPrice {
  readonly inputPerMillionTokens?: number;
  readonly outputPerMillionTokens?: number;
  readonly perImage?: number;
}

/** What one call came to; for metrics and the results of experiments. */
export interface AiCall {
  readonly provider: string;
  readonly model: string;
  readonly tenant: string | null;
  readonly executionId: string;
  readonly nodePath: string;
  readonly durationMs: number;
  readonly tokens: number;
  /** US dollars; null when no price is known. */
  readonly cost: number | null;
  readonly cached: boolean;
  /** Left out when the call succeeded. */
  readonly error?: { readonly code: string; readonly reason: string | null };
}

/** What the operator decides about models. */
export interface AiOptions {
  /**
   * Providers by name. Default: `openai`, `anthropic`, and for images alone `stability` and `google`, at their public addresses,
   * with credentials of the same names.
   */
  readonly providers?: Readonly<Record<string, AiProvider>>;
  /** Registry of names that nodes may use in place of a provider and a model. */
  readonly models?: Readonly<Record<string, AiModelTarget>>;
  readonly defaults?: {
    /** Provider when a node names none. Default: the first one. */
    readonly provider?: string;
    /** Model when a node names none; wins over that of the provider. May be a registered name or an experiment. */
    readonly model?: string;
    readonly embeddingModel?: string;
    readonly imageModel?: string;
    readonly moderationModel?: string;
    /** Milliseconds that one call of a provider may take. Default 30,000. */
    readonly timeoutMs?: number;
  };
  /** What is tried next, in order, by the name of the model that failed; `*` for all others. */
  readonly fallbacks?: Readonly<Record<string, readonly AiFallback[]>>;
  /** Splits of traffic by the name that nodes ask for. */
  readonly experiments?: Readonly<Record<string, AiExperiment>>;
  readonly budgets?: BudgetOptions;
  /** Own prices by `provider/model` or by model; they win over the built-in table. */
  readonly prices?: Readonly<Record<string, AiPrice>>;
  /** Answers kept in `ctx.cache`, apart for each tenant. Off when left out. */
  readonly cache?: {
    /** Default 3,600,000: an hour. */
    readonly ttlMs?: number;
    /** Keeps answers of any temperature; by default only those at temperature 0, which are meant to repeat. */
    readonly anyTemperature?: boolean;
  };
  /** Leaves a failing provider alone for a while; false for never. */
  readonly circuitBreaker?: CircuitBreakerOptions | false;
  readonly logging?: {
    /** Logs prompts and answers too, cut and with personal data masked. Default false: numbers only. */
    readonly content?: boolean;
  };
  /** Told of every call, successful or not; what it throws is ignored. */
  readonly onCall?: (call: AiCall) => void;
  /** Bytes that one answer of a provider may have. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface CircuitBreakerOptions {
  /** Failures within `windowMs` that open the circuit. Default 5. */
  readonly failures?: number;
  /** Default 30,000. */
  readonly windowMs?: number;
  /** How long an open circuit lets nothing through; then one call probes. Default 30,000. */
  readonly openMs?: number;
}

export const DEFAULT_CALL_TIMEOUT_MS = 30_000;
export const DEFAULT_CACHE_TTL_MS = 60 * 60 * 1_000;
export const DEFAULT_MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Failures that another provider may not share. */
export const DEFAULT_FALLBACK_REASONS: readonly AiErrorReason[] = Object.freeze([
  "rate_limit",
  "server_error",
  "timeout",
  "connection",
  "broken_answer",
  "circuit_open",
]);

/** The first one is asked where nobody names another, so it has to be one that can chat. */
const DEFAULT_PROVIDERS: Readonly<Record<string, AiProvider>> = Object.freeze({
  openai: { kind: "openai" },
  anthropic: { kind: "anthropic" },
  stability: { kind: "stability" },
  google: { kind: "google" },
});

/** The providers of the options, or the default ones. */
export function providersOf(options: AiOptions): Readonly<Record<string, AiProvider>> {
  return options.providers ?? DEFAULT_PROVIDERS;
}

/** Names of the credentials that the providers use. */
export function credentialsOf(options: AiOptions): readonly string[] {
  const names = Object.entries(providersOf(options)).flatMap(([name, provider]) =>
    provider.kind === "custom" || provider.credential === null ? [] : [provider.credential ?? name],
  );
  return [...new Set(names)];
}
