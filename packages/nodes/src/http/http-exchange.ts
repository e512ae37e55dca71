import {
  AutomatrixError,
  FatalNodeError,
  type NodeContext,
  RetryableNodeError,
  TransportError,
} from "@automatrix/core";
import type { AuthParameter } from "./auth-parameter.js";
import { type Authorization, authorize } from "./authorization.js";
import type { EncodedBody } from "./request-body.js";
import { isAllowedStatus, type StatusPattern, toStatusError } from "./status-error.js";
import { withTimeLimit } from "./time-limit.js";

/** One request as it is to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: EncodedBody | undefined;
}

export interface ExchangeOptions {
  readonly auth: AuthParameter | undefined;
  readonly allowedStatus: readonly StatusPattern[];
  readonly redirect: "follow" | "manual" | "error";
  /** From the first byte sent to the last one read, for each request. */
  readonly timeoutMs: number;
}

const UNAUTHORIZED = 401;
/** Answers by which it is certain that nothing took place. */
const REFUSALS = new Set([401, 408, 425, 429]);

/**
 * The requests of one node: authentication, time limit, and which errors stand for what. As long as nothing can have
 * taken place it fails with errors that vouch for that (`RetryableNodeError`); afterwards it does not.
 */
export class HttpExchange {
  readonly #ctx: NodeContext;
  readonly #options: ExchangeOptions;
  #isFirst = true;

  constructor(ctx: NodeContext, options: ExchangeOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  /**
   * Sends a request and hands its answer, when its status is no failure, to `read`, with the texts that must be covered.
   * @throws FatalNodeError, RetryableNodeError, AutomatrixError `http_error`; TransportError
   */
  async send<Value>(
    request: OutgoingRequest,
    read: (response: Response, secrets: readonly string[]) => Promise<Value>,
  ): Promise<Value> {
    const { timeoutMs } = this.#options;
    const toError = () =>
      new TransportError(`"${request.url.host}" did not answer within ${timeoutMs} ms (timeoutMs).`, {
        code: "ETIMEDOUT",
        isUnsent: false,
      });
    try {
      return await withTimeLimit({ signal: this.#ctx.signal, timeoutMs, toError }, async (signal) => {
        const { response, secrets } = await this.#authorized(request, signal);
        this.#isFirst &&= REFUSALS.has(response.status);
        if (isAllowedStatus(response.status, this.#options.allowedStatus)) return read(response, secrets);
        const { method, url } = request;
        const { clock } = this.#ctx;
        throw await toStatusError(response, { method, host: url.host, secrets, clock, isFirst: this.#isFirst });
      });
    } catch (error) {
      throw this.#isFirst ? vouched(error) : unvouched(error);
    }
  }

  /** A 401 makes it ask for a fresh token, once. */
  async #authorized(
    request: OutgoingRequest,
    signal: AbortSignal,
  ): Promise<{ response: Response; secrets: readonly string[] }> {
    const authorization = await authorize(this.#ctx, this.#options.auth);
    const response = await this.#call(request, authorization, signal);
    if (response.status !== UNAUTHORIZED || authorization.forget === undefined)
      return { response, secrets: authorization.secrets };
    authorization.forget();
    await response.body?.cancel();
    const renewed = await authorize(this.#ctx, this.#options.auth);
    return { response: await this.#call(request, renewed, signal), secrets: renewed.secrets };
  }

  async #call(request: OutgoingRequest, authorization: Authorization, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    const { method, body } = request;
    const url = new URL(request.url);
    for (const [name, value] of authorization.query) url.searchParams.set(name, value);
    const headers = new Headers(request.headers);
    for (const [name, value] of authorization.headers) setSecretHeader(headers, name, value);
    if (body?.contentType !== undefined && !headers.has("content-type")) headers.set("content-type", body.contentType);
    // The boundary of a form is known to whoever writes it.
    if (body?.content instanceof FormData) headers.delete("content-type");
    const { redirect } = this.#options;
    try {
      const content = body === undefined ? {} : { body: body.content as NonNullable<RequestInit["body"]> };
      return await this.#ctx.http(url, { method, headers, redirect, signal, ...content });
    } catch (error) {
      if (!isUnsent(error)) this.#isFirst = false;
      throw error;
    }
  }
}

function setSecretHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    throw new FatalNodeError(`The header "${name.slice(0, 100)}" of the credential cannot be sent; check its name.`, {
      code: "credential_unusable",
    });
  }
}

/** Errors by which nothing has reached the target: no connection, or one of ours that was raised before. */
function isUnsent(error: unknown): boolean {
  if (isTransportError(error)) return error.isUnsent;
  return AutomatrixError.is(error) && (error.code === "circuit_open" || error.code === "address_refused");
}

/** By its name, for another copy of core may have made it. */
function isTransportError(error: unknown): error is TransportError {
  return error instanceof Error && error.name === "TransportError";
}

function vouched(error: unknown): unknown {
  if (isTransportError(error) && error.isUnsent)
    return new RetryableNodeError(error.message, { code: error.code, cause: error });
  if (!AutomatrixError.is(error) || error.code !== "circuit_open") return error;
  const { retryAfterMs } = error as { retryAfterMs?: number };
  return new RetryableNodeError(error.message, {
    code: "circuit_open",
    details: error.details,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** After an earlier request of the same node nobody can vouch that nothing happened. */
function unvouched(error: unknown): unknown {
  if (!AutomatrixError.is(error) || error.name !== "RetryableNodeError" || error.code === "http_error") return error;
  return new TransportError(error.message, { code: "ECONNABORTED", isUnsent: false });
}
