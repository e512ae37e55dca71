import type { NodeContext } from "@automatrix/core";
import type { OutgoingRequest } from "../../http/http-exchange.js";
import { firstPageUrl, nextPageUrl, type Page, readItemsOfPage } from "../../http/pagination.js";
import type { PaginationParameter } from "../../http/pagination-parameter.js";
import { readAnswer, readHeaders } from "../../http/read-answer.js";
import type { HttpRequestParameters } from "./http-request-parameters.js";
import { type PreparedRequest, prepareRequest } from "./prepared-request.js";
import type { HttpRequestOutput } from "./request-once.js";

/** Besides the answer of the last page: how many there were, and whether that was all. */
export interface PagesOutput extends HttpRequestOutput {
  readonly pages: { readonly count: number; readonly isComplete: boolean };
}

/** Reads page after page; `body` is the list of the items of all of them. */
export async function requestPages(
  ctx: NodeContext<HttpRequestParameters>,
  pagination: PaginationParameter,
): Promise<PagesOutput> {
  const prepared = await prepareRequest(ctx);
  const items: unknown[] = [];
  const first = firstPageUrl(prepared.request.url, pagination);
  const seen = new Set([first.href]);
  let last: HttpRequestOutput | undefined;
  let lastText: string | undefined;
  let url: URL | undefined = first;
  let count = 0;
  for (; url !== undefined && count < pagination.maxPages; count++) {
    const page = await requestPage(ctx, prepared, { url, index: count });
    const found = readItemsOfPage(page.body, pagination);
    // A server that takes no notice of the number gives the same page for ever.
    const text = JSON.stringify(found);
    const isRepeated = pagination.type === "page" && text === lastText;
    if (!isRepeated) for (const item of found) items.push(item);
    const here: Page = { url, headers: page.rawHeaders, body: page.body, items: found };
    url = isRepeated ? undefined : nextPageUrl(here, pagination, { index: count, seen });
    [last, lastText] = [page, text];
  }
  if (url !== undefined)
    ctx.logger.warn("There are more pages than maxPages; the items of the others are missing.", {
      maxPages: pagination.maxPages,
    });
  const { status = 0, headers = {} } = last ?? {};
  return { status, headers, body: items, pages: { count, isComplete: url === undefined } };
}

function requestPage(
  ctx: NodeContext<HttpRequestParameters>,
  { exchange, request, budget }: PreparedRequest,
  { url, index }: { readonly url: URL; readonly index: number },
): Promise<HttpRequestOutput & { readonly rawHeaders: Headers }> {
  return exchange.send(toPageRequest(ctx, { ...request, url }, index), async (response, secrets) => ({
    status: response.status,
    headers: readHeaders(response, secrets),
    rawHeaders: response.headers,
    body: await readAnswer(response, { kind: "json", budget, secrets, blobs: ctx.blobs }),
  }));
}

/** Each page is a request of its own, so that it has a key of its own. */
function toPageRequest(ctx: NodeContext, request: OutgoingRequest, index: number): OutgoingRequest {
  if (index === 0 || request.headers.get("idempotency-key") !== ctx.idempotencyKey) return request;
  const headers = new Headers(request.headers);
  headers.set("idempotency-key", `${ctx.idempotencyKey}:page-${index + 1}`);
  return { ...request, headers };
}
