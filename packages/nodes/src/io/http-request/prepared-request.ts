import type { NodeContext } from "@automatrix/core";
import { HttpExchange, type OutgoingRequest } from "../../http/http-exchange.js";
import type { ByteBudget } from "../../http/read-bytes.js";
import { encodeBody } from "../../http/request-body.js";
import { toHeaders } from "../../http/request-headers.js";
import { toUrl } from "../../http/request-parameters.js";
import type { HttpRequestParameters } from "./http-request-parameters.js";

export interface PreparedRequest {
  readonly exchange: HttpExchange;
  readonly request: OutgoingRequest;
  readonly budget: ByteBudget;
}

/** Everything that can be wrong with the parameters is found here, before anything is sent. */
export async function prepareRequest(ctx: NodeContext<HttpRequestParameters>): Promise<PreparedRequest> {
  const { method, url, headers, query, body, bodyKind, auth, allowedStatus, redirect, timeoutMs, maxResponseBytes } =
    ctx.parameters;
  const outgoing = toHeaders(headers);
  if (method !== "GET" && !outgoing.has("idempotency-key")) outgoing.set("idempotency-key", ctx.idempotencyKey);
  return {
    exchange: new HttpExchange(ctx, { auth, redirect, timeoutMs, allowedStatus: [allowedStatus].flat() }),
    request: {
      method,
      url: toUrl(url, query),
      headers: outgoing,
      body: body === undefined || body === null ? undefined : await encodeBody(ctx, { body, kind: bodyKind }),
    },
    budget: { maxBytes: maxResponseBytes, usedBytes: 0 },
  };
}
