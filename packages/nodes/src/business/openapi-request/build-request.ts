import { FatalNodeError } from "@automatrix/core";
import { isJsonObject, type JsonObject } from "../../json/json-kind.js";
import { checkAgainstSchema } from "../../json-schema/check-against-schema.js";
import type { OpenapiDocument, OpenapiOperation } from "./openapi-document.js";
import { toJsonSchema } from "./openapi-schema.js";
import type { SignIn } from "./openapi-security.js";
import { toHeaderValue, toPairs, toPathSegment } from "./serialize-parameter.js";

const FORM = "application/x-www-form-urlencoded";
/** Headers that a document cannot make a parameter of. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "content-type",
  "authorization",
  "host",
  "content-length",
  "cookie",
]);

export interface RequestParts {
  readonly found: OpenapiOperation;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly serverVariables: Readonly<Record<string, string>>;
  readonly documentUrl?: string | undefined;
}

export interface BuiltRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Makes the request of an operation, its parameters and body checked against their schemas.
 * @throws FatalNodeError `invalid_input` naming what is missing, unknown or wrong
 */
export function buildRequest(document: OpenapiDocument, parts: RequestParts, signIn: SignIn): BuiltRequest {
  const { found } = parts;
  const given = checkParameters(document, parts);
  const of = (place: string) => given.filter(({ parameter }) => parameter["in"] === place);
  const segments = new Map(
    of("path").map(({ parameter, value }) => [String(parameter["name"]), toPathSegment(parameter, value)]),
  );
  const path = found.path.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const segment = segments.get(name);
    if (segment === undefined) throw invalid(`The path parameter "${name}" is not described by the document.`);
    return segment;
  });
  const query = new URLSearchParams();
  for (const [name, value] of [...of("query").flatMap((one) => toPairs(one.parameter, one.value)), ...signIn.query])
    query.append(name, value);
  const cookies = [...of("cookie").flatMap((one) => toPairs(one.parameter, one.value)), ...signIn.cookies];
  const headers: Record<string, string> = {};
  for (const { parameter, value } of of("header")) {
    const name = String(parameter["name"]).toLowerCase();
    if (!RESERVED_HEADERS.has(name)) headers[name] = toHeaderValue(parameter, value);
  }
  if (cookies.length > 0)
    headers["cookie"] = cookies.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("; ");
  const body = toBody(document, parts);
  if (body !== undefined) headers["content-type"] = body.contentType;
  const text = query.toString();
  return {
    method: found.method,
    url: `${serverUrl(document, parts)}${path}${text === "" ? "" : `?${text}`}`,
    headers: { ...headers, ...signIn.headers },
    ...(body === undefined ? {} : { body: body.text }),
  };
}

function checkParameters(document: OpenapiDocument, { found, parameters }: RequestParts) {
  const known = new Set(found.parameters.map(({ name }) => String(name)));
  const unknown = Object.keys(parameters).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw invalid(
      `The operation has no parameter "${unknown.slice(0, 200)}". It has: ${[...known].join(", ") || "none"}.`,
    );
  return found.parameters.flatMap((parameter) => {
    const name = String(parameter["name"]);
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) {
      if (parameter["required"] === true)
        throw invalid(`The operation needs the parameter "${name}" (in ${String(parameter["in"])}).`);
      return [];
    }
    const content = isJsonObject(parameter["content"]) ? Object.values(parameter["content"])[0] : undefined;
    const schema = isJsonObject(content) ? content["schema"] : parameter["schema"];
    if (schema !== undefined) checkAgainstSchema(toJsonSchema(document, schema), value, `parameter "${name}"`);
    return [{ parameter, value }];
  });
}

function toBody(document: OpenapiDocument, { found, body, contentType }: RequestParts) {
  const described = document.resolve(found.operation["requestBody"]);
  if (!isJsonObject(described)) {
    if (body !== undefined) throw invalid("The operation takes no body.");
    return undefined;
  }
  if (body === undefined) {
    if (described["required"] === true) throw invalid("The operation needs a body.");
    return undefined;
  }
  const content = isJsonObject(described["content"]) ? described["content"] : {};
  const chosen = chooseContentType(content, contentType);
  const media = content[chosen];
  const schema = isJsonObject(media) ? media["schema"] : undefined;
  if (schema !== undefined) checkAgainstSchema(toJsonSchema(document, schema), body, "body");
  return { contentType: chosen, text: encodeBody(chosen, body) };
}

function chooseContentType(content: JsonObject, wanted: string | undefined): string {
  const offered = Object.keys(content);
  const usable = offered.filter((type) => isJson(type) || type === FORM || type.startsWith("text/"));
  const chosen = wanted === undefined ? (usable.find(isJson) ?? usable[0]) : usable.find((type) => type === wanted);
  if (chosen !== undefined) return chosen;
  throw invalid(
    `The body can only be sent as JSON, form or text; the operation takes: ${offered.join(", ") || "nothing"}.`,
  );
}

function isJson(type: string): boolean {
  return /^application\/([\w.+-]+\+)?json\b/i.test(type);
}

function encodeBody(contentType: string, body: unknown): string {
  if (isJson(contentType)) return JSON.stringify(body);
  if (contentType !== FORM) {
    if (typeof body === "string") return body;
    throw invalid(`A body of ${contentType} must be text.`);
  }
  if (!isJsonObject(body)) throw invalid("A form must be an object.");
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined)
        form.append(name, typeof item === "object" ? JSON.stringify(item) : String(item));
    }
  }
  return form.toString();
}

/**
 * The first server of the operation or the document, its variables filled in; relative to where the document is from.
 * @throws FatalNodeError `invalid_input`
 */
export function serverUrl(document: OpenapiDocument, { found, serverVariables, documentUrl }: RequestParts): string {
  const servers = [found.operation["servers"], document.root["servers"]].find(
    (list) => Array.isArray(list) && list.length > 0,
  );
  const server = Array.isArray(servers) && isJsonObject(servers[0]) ? servers[0] : { url: "/" };
  const variables = isJsonObject(server["variables"]) ? server["variables"] : {};
  const filled = String(server["url"]).replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const described = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const { default: standard, enum: allowed } = isJsonObject(described) ? described : {};
    const value = Object.hasOwn(serverVariables, name) ? serverVariables[name] : standard;
    if (typeof value !== "string") throw invalid(`The server needs the variable "${name}".`);
    const isKnown = Array.isArray(allowed)
      ? allowed.includes(value)
      : /^[\w.:-]{1,200}$/.test(value) || value === standard;
    if (!isKnown) throw invalid(`The server's variable "${name}" has a value that is not allowed.`);
    return value;
  });
  const url = URL.canParse(filled, documentUrl) ? new URL(filled, documentUrl) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw invalid("The document names no server that can be called: it needs an address that begins with http.");
  }
  return url.href.replace(/\/+$/, "");
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
