import type { NodeContext } from "@automatrix/core";

/** One page that was found. */
export interface WebSearchResult {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

export interface WebSearchQuery {
  readonly query: string;
  /** How many results at most. */
  readonly limit: number;
  readonly timeoutMs: number;
}

/** A search engine behind `web_search`. It calls out through `ctx.http` alone, so that the network guard applies. */
export interface WebSearchProvider {
  /** @throws RetryableNodeError for what may pass, FatalNodeError for refusals */
  search(query: WebSearchQuery, ctx: NodeContext): Promise<readonly WebSearchResult[]>;
}
