import { FatalNodeError, z } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import type { RestConnection } from "../rest/rest-operation.js";
import { type CallContext, callService } from "../rest/service-call.js";
import { TokenCache } from "../rest/token-cache.js";

const DEFAULT_LOGIN_URL = "https://login.salesforce.com";
/** Salesforce does not say how long a token is good; one that is refused is replaced anyway. */
const TOKEN_LIFETIME_MS = 60 * 60 * 1000;

/** Errors with which Salesforce did nothing and may be asked again. */
const POSTPONED_CODES: ReadonlySet<string> = new Set([
  "REQUEST_LIMIT_EXCEEDED",
  "SERVER_UNAVAILABLE",
  "UNABLE_TO_LOCK_ROW",
  "CONCURRENT_REQUESTS_LIMIT_EXCEEDED",
]);

interface SalesforceToken {
  readonly accessToken: string;
  readonly instanceUrl: string;
}

type SalesforceCredential = z.output<ReturnType<typeof credentialSchema>>;

/** Signs in to Salesforce by OAuth 2.0: a refresh token, client credentials, or an access token as it is. */
export class SalesforceSessions {
  readonly #tokens = new TokenCache<SalesforceToken>();

  /** @throws FatalNodeError `not_configured` naming the field of the credential */
  async connect(call: CallContext, given: Readonly<Record<string, unknown>>, name: string): Promise<RestConnection> {
    const credential = parseCredential(given, name);
    const { accessToken, instanceUrl } = credential;
    if (accessToken !== undefined && instanceUrl !== undefined) return toConnection({ accessToken, instanceUrl });
    const signIn = () => this.#tokens.get(credential, call.clock.now(), () => requestToken(call, credential));
    const token = await signIn();
    const renew = async () => {
      await this.#tokens.forget(credential, token);
      return toConnection(await signIn());
    };
    return { ...toConnection(token), renew };
  }
}

function toConnection({ accessToken, instanceUrl }: SalesforceToken): RestConnection {
  return {
    service: "Salesforce",
    baseUrl: instanceUrl,
    headers: { authorization: `Bearer ${accessToken}` },
    postponedCodes: POSTPONED_CODES,
  };
}

async function requestToken({ http, clock }: CallContext, credential: SalesforceCredential) {
  const { loginUrl = DEFAULT_LOGIN_URL, clientId = "", clientSecret = "", refreshToken } = credential;
  // Others may wait for the same token: the end of one attempt is not theirs.
  const call = { http, clock, signal: new AbortController().signal };
  const { body } = await callService(call, {
    service: "Salesforce's sign-in",
    method: "POST",
    url: `${loginUrl.replace(/\/+$/, "")}/services/oauth2/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: clientId,
      ...(clientSecret === "" ? {} : { client_secret: clientSecret }),
      ...(refreshToken === undefined
        ? { grant_type: "client_credentials" }
        : { grant_type: "refresh_token", refresh_token: refreshToken }),
    }).toString(),
    isOnce: false,
  });
  const { access_token: accessToken, instance_url: instanceUrl } = isJsonObject(body) ? body : {};
  if (typeof accessToken !== "string" || typeof instanceUrl !== "string" || !URL.canParse(instanceUrl)) {
    throw new FatalNodeError("Salesforce's sign-in gave no access token.", { code: "service_refused" });
  }
  return { token: { accessToken, instanceUrl }, usableUntil: clock.now() + TOKEN_LIFETIME_MS };
}

function credentialSchema() {
  const text = z.string().min(1).max(10_000).optional();
  const url = z.url({ protocol: /^https?$/ }).optional();
  return z.object({
    loginUrl: url,
    instanceUrl: url,
    accessToken: text,
    clientId: text,
    clientSecret: text,
    refreshToken: text,
  });
}

function parseCredential(given: Readonly<Record<string, unknown>>, name: string): SalesforceCredential {
  const parsed = credentialSchema()
    .refine(
      (fields) =>
        (fields.accessToken !== undefined && fields.instanceUrl !== undefined) ||
        (fields.clientId !== undefined && (fields.clientSecret ?? fields.refreshToken) !== undefined),
    )
    .safeParse(given);
  if (parsed.success) return parsed.data;
  throw new FatalNodeError(
    `The credential "${name}" needs "clientId" with "clientSecret" or "refreshToken", or "instanceUrl" with "accessToken".`,
    { code: "not_configured" },
  );
}
