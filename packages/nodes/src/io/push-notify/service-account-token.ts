import { createPrivateKey, createSign } from "node:crypto";
import { FatalNodeError } from "@automatrix/core";
import { type CallContext, callService } from "../../business/rest/service-call.js";
import { TokenCache } from "../../business/rest/token-cache.js";
import { isJsonObject } from "../../json/json-kind.js";

const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
const LIFETIME_SECONDS = 3_600;
/** A token is replaced this long before it ends. */
const MARGIN_MS = 5 * 60 * 1000;

export interface ServiceAccount {
  readonly clientEmail: string;
  /** PEM. */
  readonly privateKey: string;
  readonly tokenUrl: string;
}

/** Access tokens of service accounts (RFC 7523), kept until shortly before they end. */
export class ServiceAccountTokens {
  readonly #kept = new TokenCache<string>();

  /** @throws FatalNodeError `not_configured` when the key cannot be used */
  get(call: CallContext, account: ServiceAccount): Promise<string> {
    const now = call.clock.now();
    return this.#kept.get(account, now, () => requestToken(call, account, now));
  }
}

async function requestToken({ http, clock }: CallContext, account: ServiceAccount, now: number) {
  // Others may wait for the same token: the end of one attempt is not theirs.
  const call = { http, clock, signal: new AbortController().signal };
  const { body } = await callService(call, {
    service: "The token endpoint of the service account",
    method: "POST",
    url: account.tokenUrl,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: signAssertion(account, now),
    }).toString(),
    isOnce: false,
  });
  const { access_token: token, expires_in: seconds } = isJsonObject(body) ? body : {};
  if (typeof token !== "string") {
    throw new FatalNodeError("The token endpoint of the service account gave no access token.", {
      code: "service_refused",
    });
  }
  const lifetimeMs = (typeof seconds === "number" ? seconds : LIFETIME_SECONDS) * 1000;
  return { token, usableUntil: now + lifetimeMs - MARGIN_MS };
}

function signAssertion({ clientEmail, privateKey, tokenUrl }: ServiceAccount, now: number): string {
  const issuedAt = Math.floor(now / 1000);
  const claims = { iss: clientEmail, scope: SCOPE, aud: tokenUrl, iat: issuedAt, exp: issuedAt + LIFETIME_SECONDS };
  const content = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  try {
    const key = createPrivateKey(privateKey.replaceAll("\\n", "\n"));
    return `${content}.${createSign("RSA-SHA256").update(content).sign(key, "base64url")}`;
  } catch {
    // The cause may quote the key.
    throw new FatalNodeError("The private key of the service account cannot be read: it must be an RSA key as PEM.", {
      code: "not_configured",
    });
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
