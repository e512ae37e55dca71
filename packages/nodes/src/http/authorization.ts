import { FatalNodeError, type NodeContext } from "@automatrix/core";
import type { AuthParameter } from "./auth-parameter.js";
import { readCredential } from "./credential-field.js";
import { clientCredentialsToken, forgetToken } from "./oauth2-token.js";

/** What a request carries to authenticate. */
export interface Authorization {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Texts that must not be shown: what is sent, and what it is made of. */
  readonly secrets: readonly string[];
  /** Present where another try with fresh means may succeed after a 401: forgets the ones used. */
  readonly forget?: () => void;
}

export const NO_AUTHORIZATION: Authorization = Object.freeze({ headers: [], query: [], secrets: [] });

/**
 * Reads the credential and turns it into headers or query parameters.
 * @throws AutomatrixError `credential_not_found`; FatalNodeError `credential_unusable`
 */
export async function authorize(ctx: NodeContext, auth: AuthParameter | undefined): Promise<Authorization> {
  if (auth === undefined) return NO_AUTHORIZATION;
  const credential = await readCredential(ctx, auth.credential);
  switch (auth.type) {
    case "basic":
      return basicAuthorization(credential.text("username", "user"), credential.text("password", "value"));
    case "bearer":
      return bearerAuthorization(credential.text("token", "accessToken", "access_token", "apiKey", "api_key", "value"));
    case "header": {
      const value = credential.text("value", "token", "apiKey", "api_key");
      const name = auth.name ?? credential.text("name", "header");
      return { headers: [[name, toHeaderValue(value, auth.credential)]], query: [], secrets: [value] };
    }
    case "query": {
      const value = credential.text("value", "token", "apiKey", "api_key");
      return { headers: [], query: [[auth.name ?? credential.text("name"), value]], secrets: [value] };
    }
    case "oauth2": {
      const token = await clientCredentialsToken(ctx, { auth, credential });
      return { ...bearerAuthorization(token), forget: () => forgetToken(ctx, token) };
    }
  }
}

/** The value of an `Authorization` header by RFC 7617, in UTF-8. */
export function toBasic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`, "utf8").toString("base64");
}

function basicAuthorization(user: string, password: string): Authorization {
  const encoded = toBasic(user, password);
  return { headers: [["authorization", `Basic ${encoded}`]], query: [], secrets: [password, encoded] };
}

function bearerAuthorization(token: string): Authorization {
  return { headers: [["authorization", `Bearer ${toHeaderValue(token, "token")}`]], query: [], secrets: [token] };
}

/** A secret with a line break, mostly from a file, would be refused with a message that shows it. */
function toHeaderValue(value: string, name: string): string {
  const trimmed = value.trim();
  if (/^[\t\x20-\x7e\x80-\xff]+$/.test(trimmed)) return trimmed;
  throw new FatalNodeError(`The value of the credential "${name}" holds characters that no header can carry.`, {
    code: "credential_unusable",
  });
}
