/** What every node of this kind is made of: a table of operations, and a connection that knows the address and the sign-in. */
import { FatalNodeError } from "@automatrix/core";
import { CONTROL_CHARACTER } from "../../io/messaging/mail-address.js";
import { fillPath } from "./path-template.js";
import { type CallContext, exchange, type ServiceAnswer, toAnswerError } from "./service-call.js";

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number | boolean)[];

/** One row of the table. */
export interface RestOperation<Parameters> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the base URL; `{names}` are parameters, each one segment. */
  readonly path: string;
  /** `once` where the service would do it twice on a second request. Default `idempotent`. */
  readonly effects?: "idempotent" | "once";
  readonly query?: (parameters: Parameters) => Readonly<Record<string, QueryValue>>;
  /** JSON body; none when left out. */
  readonly body?: (parameters: Parameters) => unknown;
}

export interface RestConnection {
  /** Name of the service in messages. */
  readonly service: string;
  readonly baseUrl: string;
  /** Headers that sign in. */
  readonly headers: Readonly<Record<string, string>>;
  readonly postponedCodes?: ReadonlySet<string>;
  /** Signs in anew after an answer of 401, where that can help. */
  readonly renew?: () => Promise<RestConnection>;
}

export interface PreparedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body?: string;
  readonly isOnce: boolean;
}

/** Makes the request of an operation. @throws FatalNodeError `invalid_input` when a parameter is missing or unusable */
export function prepareRequest<Parameters extends object>(
  operation: RestOperation<Parameters>,
  parameters: Parameters,
): PreparedRequest {
  const body = operation.body?.(parameters);
  return {
    method: operation.method,
    path: fillPath(operation.path, parameters as Readonly<Record<string, unknown>>),
    query: toQuery(operation.query?.(parameters) ?? {}),
    isOnce: operation.effects === "once",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

/** Sends a request; when the sign-in has run out, once more with a new one. A refused sign-in has done nothing. */
export async function sendRequest(
  call: CallContext & { readonly idempotencyKey: string },
  connection: RestConnection,
  request: PreparedRequest,
): Promise<ServiceAnswer> {
  const attempt = async ({ service, baseUrl, headers, postponedCodes }: RestConnection) => {
    const sent = {
      service,
      method: request.method,
      url: `${baseUrl.replace(/\/+$/, "")}${request.path}${request.query}`,
      headers: {
        ...headers,
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...(request.method === "GET" ? {} : { "idempotency-key": call.idempotencyKey }),
      },
      isOnce: request.isOnce,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(postponedCodes === undefined ? {} : { postponedCodes }),
    };
    return { sent, answer: await exchange(call, sent) };
  };
  let { sent, answer } = await attempt(connection);
  if (answer.status === 401 && connection.renew !== undefined) {
    ({ sent, answer } = await attempt(await connection.renew()));
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw toAnswerError(call, sent, answer);
}

function toQuery(values: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (CONTROL_CHARACTER.test(name))
      throw new FatalNodeError("A query parameter has no usable name.", { code: "invalid_input" });
    query.append(name, text);
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
