import { defineNode, FatalNodeError, z } from "@automatrix/core";
import { authParameter } from "../../http/auth-parameter.js";
import { HttpExchange } from "../../http/http-exchange.js";
import { readAnswer } from "../../http/read-answer.js";
import { encodeBody } from "../../http/request-body.js";
import { toHeaders } from "../../http/request-headers.js";
import {
  headersParameter,
  maxResponseBytesParameter,
  timeoutParameter,
  toUrl,
  urlParameter,
} from "../../http/request-parameters.js";
import { isJsonObject } from "../../json/json-kind.js";
import { toGraphqlError } from "./graphql-error.js";

const MAX_QUERY_LENGTH = 1_000_000;
const ACCEPT = "application/graphql-response+json, application/json;q=0.9";
/** With these a GraphQL server may give its errors in the body. */
const STATUS_WITH_ERRORS = [400, 401, 403, 422];

/** Sends a query or mutation to a GraphQL server. */
export const graphqlRequest = defineNode({
  type: "graphql_request",
  label: "GraphQL request",
  description:
    "Sends a query or mutation to a GraphQL server and gives on its data; errors in the answer fail the node.",
  category: "io",
  effects: "idempotent",
  permissions: ["net", "credentials"],
  parameters: () =>
    z.object({
      url: urlParameter("Where the GraphQL server is."),
      query: z.string().min(1).max(MAX_QUERY_LENGTH).describe("The GraphQL document. Values belong into variables."),
      variables: z.record(z.string(), z.unknown()).optional().describe("Values of the document's variables."),
      operationName: z.string().max(500).optional().describe("Which operation of a document with several."),
      headers: headersParameter(),
      auth: authParameter(),
      allowErrors: z
        .boolean()
        .default(false)
        .describe("Take an answer with errors too; the output is then { data, errors } instead of the data."),
      timeoutMs: timeoutParameter(),
      maxResponseBytes: maxResponseBytesParameter(),
    }),
  example: {
    parameters: {
      url: "https://api.example.com/graphql",
      query: "query ($id: ID!) { order(id: $id) { total } }",
      variables: { id: "{{ input.orderId }}" },
      auth: { type: "bearer", credential: "orders" },
    },
    input: { orderId: "4711" },
  },
  async execute(ctx) {
    const { url, query, variables, operationName, auth, allowErrors, timeoutMs, maxResponseBytes } = ctx.parameters;
    const headers = toHeaders(ctx.parameters.headers);
    if (!headers.has("accept")) headers.set("accept", ACCEPT);
    if (!headers.has("idempotency-key")) headers.set("idempotency-key", ctx.idempotencyKey);
    const body = await encodeBody(ctx, { body: { query, variables, operationName }, kind: "json" });
    const exchange = new HttpExchange(ctx, { auth, redirect: "follow", timeoutMs, allowedStatus: STATUS_WITH_ERRORS });
    const budget = { maxBytes: maxResponseBytes, usedBytes: 0 };
    const target = toUrl(url);
    const { answer, status } = await exchange.send(
      { method: "POST", url: target, headers, body },
      async (response, secrets) => ({
        status: response.status,
        // A page of a proxy is no answer of GraphQL: it is told by its status, not by its JSON.
        answer: await readAnswer(response, { kind: response.ok ? "json" : "auto", budget, secrets, blobs: ctx.blobs }),
      }),
    );
    const { data = null, errors } = isJsonObject(answer) ? answer : {};
    const hasErrors = Array.isArray(errors) && errors.length > 0;
    if (hasErrors && (!allowErrors || status >= 400)) throw toGraphqlError(errors, target.host);
    if (!hasErrors && (status >= 400 || !isJsonObject(answer) || !Object.hasOwn(answer, "data")))
      throw new FatalNodeError(`"${target.host}" answered with ${status} and nothing that GraphQL knows.`, {
        code: status >= 400 ? "http_error" : "invalid_response",
        details: { status, host: target.host },
      });
    return allowErrors ? { data, errors: hasErrors ? errors : [] } : data;
  },
});
