import { createHash } from "node:crypto";
import {
  AutomatrixError,
  FatalNodeError,
  type NodeContext,
  RetryableNodeError,
  TransportError,
} from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";
import type { AuthParameter } from "./auth-parameter.js";
import type { NamedCredential } from "./credential-field.js";
import { readBytes } from "./read-bytes.js";
import { parseRetryAfter } from "./retry-after.js";
import { withTimeLimit } from "./time-limit.js";

const TOKEN_TIMEOUT_MS = 30_000;
const MAX_TOKEN_RESPONSE_BYTES = 64 * 1024;
/** Tokens kept for one engine; the oldest go first. */
const MAX_TOKENS = 1_000;
/** A token is not used in the last moments of its life, for it has to arrive as well. */
const EXPIRY_MARGIN_MS = 30_000;
/** For an answer that does not say how long its token lives. */
const DEFAULT_LIFE_SECONDS = 300;

/** Pending while `token` is missing. */
interface KeptToken {
  readonly answer: Promise<string>;
  token?: string;
  expiresAt: number;
}

/** By engine: its cache object is the one thing all its nodes share. Tokens stay here, out of a cache that others read. */
const tokensByEngine = new WeakMap<object, Map<string, KeptToken>>();

export interface TokenRequest {
  readonly auth: Extract<AuthParameter, { readonly type: "oauth2" }>;
  readonly credential: NamedCredential;
}

/**
 * A token of the client credentials grant: a kept one while it lives, else a new one. Whoever needs the same token at the
 * same time waits for the same answer.
 * @throws FatalNodeError `credential_unusable`, RetryableNodeError `service_unavailable` when the token URL does not answer
 */
export function clientCredentialsToken(ctx: NodeContext, request: TokenRequest): Promise<string> {
  const tokens = tokensOf(ctx);
  const key = keyOf(ctx, request);
  const known = tokens.get(key);
  if (known !== undefined && (known.token === undefined || known.expiresAt > ctx.clock.now()))
    return waitFor(known.answer, ctx.signal);
  const kept: KeptToken = {
    answer: fetchToken(ctx, request, (token, expiresAt) => keep(kept, token, expiresAt)),
    expiresAt: 0,
  };
  tokens.delete(key);
  tokens.set(key, kept);
  const [oldest] = tokens.keys();
  if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
  kept.answer.catch(() => tokens.get(key) === kept && tokens.delete(key));
  return waitFor(kept.answer, ctx.signal);
}

/** Forgets a token that was refused, unless another has taken its place. */
export function forgetToken(ctx: NodeContext, token: string): void {
  const tokens = tokensOf(ctx);
  for (const [key, kept] of tokens) if (kept.token === token) tokens.delete(key);
}

function keep(kept: KeptToken, token: string, expiresAt: number): void {
  kept.token = token;
  kept.expiresAt = expiresAt;
}

function tokensOf(ctx: NodeContext): Map<string, KeptToken> {
  const known = tokensByEngine.get(ctx.cache);
  if (known !== undefined) return known;
  const tokens = new Map<string, KeptToken>();
  tokensByEngine.set(ctx.cache, tokens);
  return tokens;
}

/** Everything that makes a token what it is, the secret included: a changed credential never meets an old token. */
function keyOf(ctx: NodeContext, { auth, credential }: TokenRequest): string {
  const parts = [
    ctx.execution.tenant,
    auth.credential,
    credential.text("tokenUrl", "token_url"),
    credential.text("clientId", "client_id"),
    credential.text("clientSecret", "client_secret"),
    scopeOf({ auth, credential }),
    audienceOf({ auth, credential }),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

async function fetchToken(
  ctx: NodeContext,
  request: TokenRequest,
  onToken: (token: string, expiresAt: number) => void,
): Promise<string> {
  const { url, init } = toTokenCall(request);
  const limit = {
    // Others may be waiting for the same token: the end of one node does not end it.
    signal: new AbortController().signal,
    timeoutMs: TOKEN_TIMEOUT_MS,
    toError: () => unavailable(request, "it did not answer in time"),
  };
  return withTimeLimit(limit, async (signal) => {
    const askedAt = ctx.clock.now();
    const response = await ctx.http(url, { ...init, signal }).catch((error: unknown) => {
      throw toUnavailable(request, error);
    });
    if (!response.ok) throw await refusal(ctx, request, response);
    const { token, lifeSeconds } = await readToken(request, response);
    onToken(token, askedAt + lifeSeconds * 1_000 - EXPIRY_MARGIN_MS);
    return token;
  });
}

function toTokenCall({ auth, credential }: TokenRequest): { readonly url: string; readonly init: RequestInit } {
  const id = credential.text("clientId", "client_id");
  const secret = credential.text("clientSecret", "client_secret");
  const scope = scopeOf({ auth, credential });
  const audience = audienceOf({ auth, credential });
  const inHeader = auth.clientAuthentication === "header";
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
    ...(!inHeader && { client_id: id, client_secret: secret }),
  });
  // RFC 6749, 2.3.1: both are form-encoded before they become user and password.
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64");
  return {
    url: credential.text("tokenUrl", "token_url"),
    init: {
      method: "POST",
      redirect: "error",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        ...(inHeader && { authorization: `Basic ${basic}` }),
      },
      body: body.toString(),
    },
  };
}

function scopeOf({ auth, credential }: TokenRequest): string | undefined {
  return auth.scope ?? credential.optionalText("scope");
}

function audienceOf({ auth, credential }: TokenRequest): string | undefined {
  return auth.audience ?? credential.optionalText("audience");
}

async function readToken(
  request: TokenRequest,
  response: Response,
): Promise<{ readonly token: string; readonly lifeSeconds: number }> {
  const answer = await readTokenAnswer(response);
  const { access_token: token, token_type: type, expires_in: life } = isJsonObject(answer) ? answer : {};
  if (typeof token !== "string" || token === "") throw unusable(request, "its answer holds no access_token");
  if (typeof type === "string" && type.toLowerCase() !== "bearer")
    throw unusable(request, "its tokens are of another kind than Bearer");
  const seconds = Number(life);
  return { token, lifeSeconds: seconds > 0 && Number.isFinite(seconds) ? seconds : DEFAULT_LIFE_SECONDS };
}

async function readTokenAnswer(response: Response): Promise<unknown> {
  try {
    const bytes = await readBytes(response, { maxBytes: MAX_TOKEN_RESPONSE_BYTES, usedBytes: 0 });
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

async function refusal(ctx: NodeContext, request: TokenRequest, response: Response): Promise<Error> {
  const { status } = response;
  const answer = await readTokenAnswer(response);
  if (status >= 500 || status === 429) {
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), ctx.clock.now());
    return unavailable(request, `it answered ${status}`, retryAfterMs);
  }
  const error = isJsonObject(answer) ? answer["error"] : undefined;
  const reason = typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? ` ${error}` : "";
  return unusable(request, `it answered ${status}${reason}`);
}

/** A guard's refusal stays what it is; anything else may pass. */
function toUnavailable(request: TokenRequest, error: unknown): unknown {
  if (AutomatrixError.is(error) && error.name === "FatalNodeError") return error;
  const code = error instanceof TransportError ? ` (${error.code})` : "";
  return unavailable(request, `it could not be reached${code}`, (error as { retryAfterMs?: number }).retryAfterMs);
}

function unavailable({ auth }: TokenRequest, reason: string, retryAfterMs?: number): RetryableNodeError {
  return new RetryableNodeError(`The token URL of the credential "${auth.credential}" gave no token: ${reason}.`, {
    code: "service_unavailable",
    details: { credential: auth.credential },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function unusable({ auth }: TokenRequest, reason: string): FatalNodeError {
  return new FatalNodeError(`The token URL of the credential "${auth.credential}" gave no token: ${reason}.`, {
    code: "credential_unusable",
    details: { credential: auth.credential },
  });
}

/** Waits for something shared only as long as this node may. */
async function waitFor<Value>(shared: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}
