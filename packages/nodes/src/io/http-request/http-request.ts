import { defineNode, FatalNodeError } from "@automatrix/core";
import { httpRequestParameters } from "./http-request-parameters.js";
import { requestOnce } from "./request-once.js";
import { requestPages } from "./request-pages.js";

const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Calls an HTTP server. */
export const httpRequest = defineNode({
  type: "http_request",
  aliases: ["http"],
  label: "HTTP request",
  description:
    "Calls an HTTP server: any method, authentication, body and response kinds, pagination, time and size limits.",
  category: "io",
  // POST and PATCH carry an Idempotency-Key; where the target ignores it, the definition says `effects: "once"`.
  effects: "idempotent",
  permissions: ["net", "credentials"],
  parameters: httpRequestParameters,
  example: {
    parameters: {
      method: "POST",
      url: "https://api.example.com/orders",
      body: { sku: "A-1", count: 2 },
      auth: { type: "bearer", credential: "orders" },
    },
  },
  execute(ctx) {
    const { method, body, pagination } = ctx.parameters;
    if (WITHOUT_BODY.has(method) && body !== undefined && body !== null) {
      throw new FatalNodeError(`A ${method} request carries no body; leave body out, or take POST.`, {
        code: "invalid_input",
      });
    }
    return pagination === undefined ? requestOnce(ctx) : requestPages(ctx, pagination);
  },
});
