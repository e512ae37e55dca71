import { ConfigurationError, FatalNodeError, z } from "@automatrix/core";
import { decodeText } from "../../http/decode-body.js";
import { HttpExchange } from "../../http/http-exchange.js";
import { readBytes } from "../../http/read-bytes.js";
import type { WebSearchProvider, WebSearchResult } from "./web-search-provider.js";

const DEFAULT_BASE_URL = "https://s.jina.ai/";
const DEFAULT_CREDENTIAL = "jina";
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
/** Jina's status for a query without results, among other things. */
const UNPROCESSABLE = 422;

export interface JinaSearchOptions {
  /** Default `https://s.jina.ai/`; any service that speaks the same. */
  readonly baseUrl?: string;
  /** Name of the credential with the `token`. Default `jina`; null when the service asks for none. */
  readonly credential?: string | null;
}

/**
 * Search by Jina, or a service that is compatible.
 * @throws ConfigurationError `invalid_configuration` when the base URL is none
 */
export function jinaSearch({
  baseUrl = DEFAULT_BASE_URL,
  credential = DEFAULT_CREDENTIAL,
}: JinaSearchOptions = {}): WebSearchProvider {
  const base = parseBaseUrl(baseUrl);
  return {
    search({ query, limit, timeoutMs }, ctx) {
      const url = new URL(base);
      url.searchParams.set("q", query);
      url.searchParams.set("num", String(limit));
      const exchange = new HttpExchange(ctx, {
        auth: credential === null ? undefined : { type: "bearer", credential },
        allowedStatus: [UNPROCESSABLE],
        redirect: "error",
        timeoutMs,
      });
      // Without the pages themselves: the answer is smaller, comes sooner and costs less.
      const headers = new Headers({ accept: "application/json", "x-respond-with": "no-content" });
      return exchange.send({ method: "GET", url, headers, body: undefined }, readResults);
    },
  };
}

function parseBaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new ConfigurationError(
    "invalid_configuration",
    "The base URL of the web search must begin with https:// or http://.",
  );
}

async function readResults(response: Response): Promise<readonly WebSearchResult[]> {
  const bytes = await readBytes(response, { maxBytes: MAX_ANSWER_BYTES, usedBytes: 0 });
  const text = decodeText(bytes, response.headers.get("content-type"));
  if (response.status === UNPROCESSABLE) {
    if (/no search results/i.test(text)) return [];
    throw new FatalNodeError("The search service cannot work with this query (422).", { code: "http_error" });
  }
  const answer = answerSchema().safeParse(tryParse(text));
  if (answer.success) {
    return (answer.data.data ?? []).map(({ title, url, description, content }) => ({
      title: title ?? "",
      url: url ?? "",
      snippet: description ?? content ?? "",
    }));
  }
  throw new FatalNodeError("The search service answered with something else than results; check its base URL.", {
    code: "invalid_response",
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answerSchema() {
  const text = z.string().nullish();
  return z.object({ data: z.array(z.object({ title: text, url: text, description: text, content: text })).nullish() });
}
