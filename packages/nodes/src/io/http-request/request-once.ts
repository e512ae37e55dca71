import type { NodeContext } from "@automatrix/core";
import { readAnswer, readHeaders } from "../../http/read-answer.js";
import type { HttpRequestParameters } from "./http-request-parameters.js";
import { prepareRequest } from "./prepared-request.js";

/** What the node gives on. */
export interface HttpRequestOutput {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Sends the request and reads its answer. */
export async function requestOnce(ctx: NodeContext<HttpRequestParameters>): Promise<HttpRequestOutput> {
  const { exchange, request, budget } = await prepareRequest(ctx);
  const { responseKind: kind } = ctx.parameters;
  return exchange.send(request, async (response, secrets) => ({
    status: response.status,
    headers: readHeaders(response, secrets),
    body: await readAnswer(response, { kind, budget, secrets, blobs: ctx.blobs }),
  }));
}
