import { defineNode, FatalNodeError, type NodeType, z } from "@automatrix/core";
import { type JinaSearchOptions, jinaSearch } from "./jina-search.js";
import type { WebSearchProvider, WebSearchResult } from "./web-search-provider.js";

const MAX_QUERY_LENGTH = 2_000;
const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 20;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 300_000;
const MAX_TITLE_LENGTH = 500;
const MAX_URL_LENGTH = 2_000;
const MAX_SNIPPET_LENGTH = 2_000;

/** Where `web_search` searches: a provider of your own, or how to reach Jina (the default). */
export interface WebSearchOptions {
  readonly provider?: WebSearchProvider;
  readonly jina?: JinaSearchOptions;
}

/** Searches the web. */
export function createWebSearch({ provider, jina }: WebSearchOptions = {}): NodeType {
  const engine = provider ?? jinaSearch(jina);
  return defineNode({
    type: "web_search",
    label: "Search the web",
    description: "Searches the web and gives a list of {title, url, snippet}, the best first.",
    category: "tools",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials: ["jina"],
    parameters: () =>
      z.object({
        query: z
          .string()
          .min(1)
          .max(MAX_QUERY_LENGTH)
          .optional()
          .describe("What to look for; the input when it is text and nothing is given."),
        limit: z
          .number()
          .int()
          .min(1)
          .max(MAX_LIMIT)
          .default(DEFAULT_LIMIT)
          .describe(`How many results at most, up to ${MAX_LIMIT}.`),
        timeoutMs: z
          .number()
          .int()
          .min(1)
          .max(MAX_TIMEOUT_MS)
          .default(DEFAULT_TIMEOUT_MS)
          .describe("How long the search may take, in milliseconds."),
      }),
    example: { parameters: { query: "brake fluid change interval", limit: 3 } },
    async execute(ctx) {
      const { limit, timeoutMs } = ctx.parameters;
      const results = await engine.search({ query: toQuery(ctx.parameters.query, ctx.input), limit, timeoutMs }, ctx);
      return results.flatMap(toPlainResult).slice(0, limit);
    },
  });
}

function toQuery(query: string | undefined, input: unknown): string {
  const wanted = query ?? input;
  if (typeof wanted === "string" && wanted.trim() !== "" && wanted.length <= MAX_QUERY_LENGTH) return wanted.trim();
  throw new FatalNodeError(
    `Nothing to look for: give \`query\`, or a text of up to ${MAX_QUERY_LENGTH} characters as input.`,
    {
      code: "invalid_input",
    },
  );
}

/** Bounded, and without links that are no web pages: what a search finds is written by strangers. */
function toPlainResult({ title, url, snippet }: WebSearchResult): readonly WebSearchResult[] {
  const isPage = url.length <= MAX_URL_LENGTH && /^https?:\/\//i.test(url) && URL.canParse(url);
  if (!isPage) return [];
  return [{ title: title.slice(0, MAX_TITLE_LENGTH), url, snippet: snippet.slice(0, MAX_SNIPPET_LENGTH) }];
}
