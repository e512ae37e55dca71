import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { boundBody } from "./bounded-body.js";
import type { McpSdk } from "./load-mcp-sdk.js";
import type { McpCaller } from "./mcp-caller.js";
import type { HttpMcpServer } from "./mcp-options.js";

type Fetch = McpCaller["http"];

/** When a stream breaks that a server can resume, it is asked twice to do so. */
const RECONNECTION = {
  initialReconnectionDelay: 500,
  maxReconnectionDelay: 5_000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 2,
} as const;
/** Time for the last event of a stream to be read, before its answer counts as lost. */
const SETTLE_MS = 250;

export interface HttpTransportParams {
  readonly server: HttpMcpServer;
  readonly sdk: McpSdk;
  /** The guarded fetch of whoever uses the connection at the moment. */
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxMessageBytes: number;
  /** An answer's stream ended before the answer came: who waits for it would wait in vain. */
  readonly onBroken: () => void;
}

/** The SDK's transport for a server behind a URL, on the guarded fetch, with bounded answers, and aware of lost ones. */
export function createHttpTransport(params: HttpTransportParams): Transport {
  const { server, sdk, headers } = params;
  const url = new URL(server.url);
  const unanswered = new Set<unknown>();
  const options = { fetch: createFetch(params, unanswered), requestInit: { headers: { ...headers } } };
  const transport = (
    server.type === "sse"
      ? new sdk.sse.SSEClientTransport(url, options)
      : new sdk.streamableHttp.StreamableHTTPClientTransport(url, { ...options, reconnectionOptions: RECONNECTION })
  ) as Transport;
  transport.onmessage = (message) => {
    if ("id" in message && !("method" in message)) unanswered.delete(message.id);
  };
  transport.onerror = (error) => {
    if (error.message.startsWith("Maximum reconnection attempts")) params.onBroken();
  };
  return transport;
}

function createFetch(params: HttpTransportParams, unanswered: Set<unknown>): Fetch {
  const { server, fetch, maxMessageBytes: maxBytes, onBroken } = params;
  return async (url, init) => {
    if (server.type === "streamable_http" && server.listen !== true && isStandingStream(init))
      return new Response(null, { status: 405 });
    const request = noteRequest(init, unanswered);
    const response = await fetch(url, init);
    if (response.body === null) return response;
    const isEvents = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const isEndless = isEvents && init?.method !== "POST";
    const body = boundBody(response.body, {
      maxBytes,
      isEndless,
      onEnd: ({ isResumable }) => {
        // The stream of an SSE server brings all answers.
        const mayBeLost = isEndless ? server.type === "sse" : isEvents && !isResumable;
        if (!mayBeLost) return;
        setTimeout(() => (isEndless || unanswered.has(request)) && onBroken(), SETTLE_MS).unref();
      },
    });
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}

/** The stream that a client opens to be told of changes, as against one that it resumes. */
function isStandingStream(init: RequestInit | undefined): boolean {
  return (init?.method ?? "GET") === "GET" && !new Headers(init?.headers).has("last-event-id");
}

/** The id of the request that a POST carries, from now on unanswered. One that is cancelled will have no answer. */
function noteRequest(init: RequestInit | undefined, unanswered: Set<unknown>): unknown {
  if (init?.method !== "POST" || typeof init.body !== "string") return undefined;
  const { id, method, params } = JSON.parse(init.body) as {
    id?: unknown;
    method?: string;
    params?: { requestId?: unknown };
  };
  if (method === "notifications/cancelled") unanswered.delete(params?.requestId);
  if (id === undefined || method === undefined) return undefined;
  unanswered.add(id);
  return id;
}
