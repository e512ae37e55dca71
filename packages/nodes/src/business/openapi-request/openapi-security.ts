import { FatalNodeError } from "@automatrix/core";
import { findSecret } from "../../http/credential-field.js";
import { isJsonObject, type JsonObject } from "../../json/json-kind.js";
import type { OpenapiDocument } from "./openapi-document.js";

type Credential = Readonly<Record<string, unknown>>;

/** What signs a request in. */
export interface SignIn {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly cookies: readonly (readonly [string, string])[];
}

export const NO_SIGN_IN: SignIn = { headers: {}, query: [], cookies: [] };

/**
 * Signs in by the first alternative of the operation that the credential has everything for: `apiKey`, `username` and
 * `password`, or `token`; a scheme may have a value of its own under its name.
 * @throws FatalNodeError `not_configured`
 */
export function signIn(document: OpenapiDocument, operation: JsonObject, credential: Credential, name: string): SignIn {
  const alternatives = operation["security"] ?? document.root["security"];
  if (!Array.isArray(alternatives) || alternatives.length === 0) return NO_SIGN_IN;
  const components = document.root["components"];
  const schemes =
    isJsonObject(components) && isJsonObject(components["securitySchemes"]) ? components["securitySchemes"] : {};
  for (const alternative of alternatives.filter(isJsonObject)) {
    const parts = Object.keys(alternative).map((key) =>
      signInBy(document.resolve(Object.hasOwn(schemes, key) ? schemes[key] : undefined), credential, key),
    );
    if (parts.length > 0 && parts.every((part) => part !== undefined)) return merge(parts as readonly SignIn[]);
  }
  throw new FatalNodeError(
    `The credential "${name}" has nothing that this operation takes: give "token", "apiKey", or "username" and "password".`,
    { code: "not_configured" },
  );
}

function signInBy(scheme: unknown, credential: Credential, key: string): SignIn | undefined {
  if (!isJsonObject(scheme)) return undefined;
  if (scheme["type"] === "apiKey") return byApiKey(scheme, findSecret(credential, key, "apiKey"));
  if (scheme["type"] === "http" && String(scheme["scheme"]).toLowerCase() === "basic") return byPassword(credential);
  const token = findSecret(credential, key, "token", "accessToken");
  return token === undefined ? undefined : { ...NO_SIGN_IN, headers: { authorization: `Bearer ${token}` } };
}

function byApiKey(scheme: JsonObject, apiKey: string | undefined): SignIn | undefined {
  if (apiKey === undefined || typeof scheme["name"] !== "string") return undefined;
  const pair = [scheme["name"], apiKey] as const;
  if (scheme["in"] === "query") return { ...NO_SIGN_IN, query: [pair] };
  if (scheme["in"] === "cookie") return { ...NO_SIGN_IN, cookies: [pair] };
  return { ...NO_SIGN_IN, headers: { [scheme["name"].toLowerCase()]: apiKey } };
}

function byPassword({ username, password }: Credential): SignIn | undefined {
  if (typeof username !== "string" || typeof password !== "string") return undefined;
  const value = Buffer.from(`${username}:${password}`).toString("base64");
  return { ...NO_SIGN_IN, headers: { authorization: `Basic ${value}` } };
}

function merge(parts: readonly SignIn[]): SignIn {
  return {
    headers: Object.assign({}, ...parts.map(({ headers }) => headers)) as Readonly<Record<string, string>>,
    query: parts.flatMap(({ query }) => query),
    cookies: parts.flatMap(({ cookies }) => cookies),
  };
}
