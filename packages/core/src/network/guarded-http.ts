import type { Agent, Dispatcher, fetch as undiciFetch } from "undici";
import { ExecutionError } from "../errors/errors.js";
import type { Clock } from "../ports/clock.js";
import { AddressPolicy } from "./address-policy.js";
import { announcedTooLarge, boundedResponse } from "./bounded-response.js";
import { CircuitBreakers } from "./circuit-breakers.js";
import { guardedConnector, type MakeConnector, type ResolveAddresses } from "./guarded-connector.js";
import { type HttpRequest, toHttpRequest } from "./http-request.js";
import { type NetworkOptions, type NetworkSettings, parseNetworkOptions } from "./network-options.js";
import { locationOf, nextRequest, redirectRefused } from "./redirects.js";
import { isReservedPort } from "./reserved-ports.js";
import { toTransportError } from "./transport-error.js";

export interface GuardedHttpParams {
  readonly options?: NetworkOptions | undefined;
  /** Read by the circuit breakers. */
  readonly clock: Clock;
  /** How names are resolved. Default: as the system does. */
  readonly resolve?: ResolveAddresses;
  /** How sockets are opened. Default: as undici does. */
  readonly makeConnector?: MakeConnector;
}

/** Sockets to one origin; further requests wait for one. */
const MAX_CONNECTIONS_PER_ORIGIN = 128;
const FIRST_SERVER_ERROR = 500;

interface Client {
  readonly agent: Agent;
  readonly fetch: typeof undiciFetch;
}

/**
 * What `ctx.http` is unless the host replaces it: fetch that connects public addresses only, follows redirects itself
 * so that no credential leaves its origin, bounds time and size, and has a circuit breaker for each host. undici is loaded
 * at the first call.
 */
export class GuardedHttp {
  readonly #settings: NetworkSettings;
  readonly #policy: AddressPolicy;
  readonly #breakers: CircuitBreakers;
  readonly #resolve: ResolveAddresses | undefined;
  readonly #makeConnector: MakeConnector | undefined;
  /** Reading a body to its end frees its socket; one that nobody reads is given up once nobody can. */
  readonly #unread = new FinalizationRegistry<ReadableStream>((body) => {
    if (!body.locked) body.cancel().catch(() => undefined);
  });
  #client: Promise<Client> | undefined;
  #isClosed = false;

  /** @throws ConfigurationError `invalid_configuration` */
  constructor({ options, clock, resolve, makeConnector }: GuardedHttpParams) {
    this.#settings = parseNetworkOptions(options);
    this.#policy = new AddressPolicy(this.#settings.allow);
    this.#breakers = new CircuitBreakers(clock);
    this.#resolve = resolve;
    this.#makeConnector = makeConnector;
  }

  /**
   * As fetch, with `redirect` (`follow` unless given), `signal`, `method`, `headers` and `body` of `init`.
   * @throws FatalNodeError `invalid_url`, `address_refused`, `redirect_refused`, `response_too_large`, `certificate_refused`;
   *   AutomatrixError `circuit_open`, `invalid_response`; TransportError
   */
  readonly fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const first = await toHttpRequest(url, init);
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(request, init.signal);
      const location = init.redirect === "manual" ? undefined : locationOf(response);
      if (location === undefined) return this.#bounded(response, { request, first, signal: init.signal });
      await response.body?.cancel();
      if (init.redirect === "error") throw redirectRefused(request.url, "the call allows none");
      if (redirects >= this.#settings.maxRedirects)
        throw redirectRefused(request.url, `it would be one more than ${this.#settings.maxRedirects}`);
      request = nextRequest(request, location, response.status);
    }
  };

  /** Breaks off whatever is under way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client;
    await client?.agent.destroy();
  }

  async #send(request: HttpRequest, signal: AbortSignal | null | undefined): Promise<Response> {
    const { agent, fetch } = await this.#open();
    const { host } = request.url;
    signal?.throwIfAborted();
    const pass = this.#breakers.pass(host);
    try {
      const { url, dispatcher } = toTarget(request.url, agent);
      const response = await fetch(url, toUndiciInit(request, { dispatcher, signal }));
      if (response.status >= FIRST_SERVER_ERROR) pass.failed();
      else pass.succeeded();
      return response as unknown as Response;
    } catch (thrown) {
      if (signal?.aborted === true) throw signal.reason;
      const error = toTransportError(thrown, host);
      if (error !== undefined && error.name !== "FatalNodeError") pass.failed();
      throw error ?? thrown;
    } finally {
      pass.abandoned();
    }
  }

  async #bounded(
    response: Response,
    { request, first, signal }: { request: HttpRequest; first: HttpRequest; signal: RequestInit["signal"] },
  ): Promise<Response> {
    const { host } = request.url;
    const { maxResponseBytes } = this.#settings;
    const tooLarge = request.method === "HEAD" ? undefined : announcedTooLarge(response, host, maxResponseBytes);
    if (tooLarge !== undefined) {
      await response.body?.cancel();
      throw tooLarge;
    }
    const bounded = boundedResponse({
      response,
      url: request.url,
      isRedirected: request !== first,
      maxBytes: maxResponseBytes,
      toError: (thrown) => (signal?.aborted === true ? signal.reason : (toTransportError(thrown, host) ?? thrown)),
    });
    if (bounded.body !== null) this.#unread.register(bounded, bounded.body);
    return bounded;
  }

  async #open(): Promise<Client> {
    if (!this.#isClosed) {
      this.#client ??= this.#load();
      const client = await this.#client;
      if (!this.#isClosed) return client;
    }
    throw new ExecutionError("engine_closed", "The engine is closed; nothing is called any more.");
  }

  async #load(): Promise<Client> {
    const { Agent, Pool, buildConnector, fetch } = await import("undici");
    const resolve = this.#resolve ?? (await import("node:dns")).lookup;
    const { connectTimeoutMs, headersTimeoutMs, bodyTimeoutMs } = this.#settings;
    const agent = new Agent({
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      connections: MAX_CONNECTIONS_PER_ORIGIN,
      factory: (origin, options) =>
        new Pool(origin, {
          ...options,
          connect: guardedConnector({
            policy: this.#policy,
            resolve,
            makeConnector: this.#makeConnector ?? (buildConnector as MakeConnector),
            connectTimeoutMs,
            port: portOf(new URL(origin)),
          }),
        }),
    });
    return { agent, fetch };
  }
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** The fetch of undici refuses reserved ports whatever is allowed, so it does not see them: the guard decides. */
function toTarget(url: URL, agent: Agent): { readonly url: string; readonly dispatcher: Dispatcher } {
  if (!isReservedPort(portOf(url))) return { url: url.href, dispatcher: agent };
  const { origin } = url;
  const withoutPort = new URL(url);
  withoutPort.port = "";
  const dispatcher = agent.compose((dispatch) => (options, handler) => dispatch({ ...options, origin }, handler));
  return { url: withoutPort.href, dispatcher };
}

function toUndiciInit(
  { method, headers, body }: HttpRequest,
  { dispatcher, signal }: { readonly dispatcher: Dispatcher; readonly signal: RequestInit["signal"] },
): Parameters<typeof undiciFetch>[1] {
  return {
    method,
    headers: [...headers] as [string, string][],
    redirect: "manual",
    dispatcher,
    ...(body === null || body === undefined ? {} : { body: body as never, duplex: "half" as const }),
    ...(signal === null || signal === undefined ? {} : { signal }),
  };
}
