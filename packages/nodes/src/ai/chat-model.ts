/** One turn of a conversation. */
export type ChatMessage =
  | { readonly role: "system" | "user"; readonly content: string }
  | { readonly role: "assistant"; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: "tool"; readonly content: string; readonly toolCallId: string };

/** What the model wants called. */
export interface ToolCall {
  /** Of the provider; the answer names it. */
  readonly id: string;
  readonly name: string;
  /** Parsed JSON; the text itself when the model wrote none. */
  readonly arguments: unknown;
}

/** Something that the model may have called. */
export interface ChatTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ChatTool[];
  /** JSON Schema that the answer is to meet. */
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Handed to the provider where it takes one, so that a second attempt is not a second call. */
  readonly idempotencyKey?: string;
  readonly signal: AbortSignal;
  /** Milliseconds that one call of a provider may take; the default of the options when left out. */
  readonly timeoutMs?: number;
  /** Asks for a stream: called with each piece of text as it comes. */
  readonly onText?: (text: string) => void;
}

export interface ChatUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  /** Of the prompt's tokens, those that the provider read from its own cache. */
  readonly cachedPromptTokens?: number;
  /** Of the prompt's tokens, those that the provider wrote to its own cache. */
  readonly cacheWriteTokens?: number;
}

export interface ChatAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: "stop" | "length" | "tool_calls" | "content_filter" | "other";
  readonly usage: ChatUsage;
  /** As the provider names it; may be more exact than what was asked for. */
  readonly model: string;
  readonly provider: string;
  /** US dollars; null when no price of the model is known. */
  readonly cost?: number | null;
  /** True when the answer came from the response cache: nothing was called or paid. */
  readonly cached?: boolean;
}

/** A model that answers a conversation: adapters of providers, and wrappers around them (fallback, budget, cache, …). */
export interface ChatModel {
  /** `openai`, `azure_openai`, `anthropic` or the name of a registered one. */
  readonly provider: string;
  /**
   * @throws RetryableNodeError code `ai_provider_error`: 429 (with `retryAfterMs` where told), 5xx, timeout, broken stream
   * @throws FatalNodeError code `ai_provider_error`: 400, 401, 403 and other refusals
   */
  complete(request: ChatRequest): Promise<ChatAnswer>;
}
