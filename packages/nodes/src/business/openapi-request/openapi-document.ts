import { createHash } from "node:crypto";
import { FatalNodeError } from "@automatrix/core";
import { checkYamlStructure } from "../../data/parse/yaml-structure.js";
import { isJsonObject, type JsonObject } from "../../json/json-kind.js";
import { loadOptionalModule } from "../../loading/load-optional-module.js";

export const MAX_DOCUMENT_BYTES = 10 * 1024 * 1024;
const MAX_YAML_DEPTH = 200;
const MAX_KEPT_DOCUMENTS = 20;
const MAX_REFERENCES_IN_A_ROW = 32;
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

/** An operation with what its path gives it. */
export interface OpenapiOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: JsonObject;
  /** Parameters of the path and the operation, references followed; those of the operation win. */
  readonly parameters: readonly JsonObject[];
}

/** An OpenAPI 3.0 or 3.1 document, its operations found by id. */
export class OpenapiDocument {
  readonly root: JsonObject;
  readonly #operations = new Map<string, OpenapiOperation>();

  /** @throws FatalNodeError `invalid_input` */
  constructor(root: unknown) {
    if (!isJsonObject(root) || !/^3\.[01]\.\d+/.test(String(root["openapi"]))) {
      throw invalid("The document is not OpenAPI 3.0 or 3.1: it needs a field `openapi` such as 3.1.0.");
    }
    this.root = root;
    const paths = isJsonObject(root["paths"]) ? root["paths"] : {};
    for (const [path, given] of Object.entries(paths)) this.#readPath(path, this.resolve(given));
  }

  get isVersion30(): boolean {
    return String(this.root["openapi"]).startsWith("3.0");
  }

  get operationIds(): readonly string[] {
    return [...this.#operations.keys()];
  }

  find(operationId: string): OpenapiOperation {
    const found = this.#operations.get(operationId);
    if (found !== undefined) return found;
    const known = this.operationIds.slice(0, 20).join(", ");
    throw invalid(
      `The document has no operation "${operationId.slice(0, 200)}". It has: ${known}${this.#operations.size > 20 ? ", …" : ""}.`,
    );
  }

  /** Follows a reference within the document, and those behind it. @throws FatalNodeError `invalid_input` */
  resolve(value: unknown): unknown {
    let current = value;
    for (let steps = 0; isJsonObject(current) && typeof current["$ref"] === "string"; steps += 1) {
      if (steps >= MAX_REFERENCES_IN_A_ROW) throw invalid("The document refers to itself without end.");
      current = this.#lookUp(current["$ref"]);
    }
    return current;
  }

  #lookUp(reference: string): unknown {
    if (!reference.startsWith("#/")) {
      throw invalid(
        `The document refers to "${reference.slice(0, 200)}"; only references within it (#/…) are followed.`,
      );
    }
    let current: unknown = this.root;
    for (const part of reference.slice(2).split("/")) {
      const key = decode(part).replaceAll("~1", "/").replaceAll("~0", "~");
      const holder = typeof current === "object" && current !== null ? current : {};
      if (!Object.hasOwn(holder, key))
        throw invalid(`The document refers to "${reference.slice(0, 200)}", which it does not have.`);
      current = (holder as Readonly<Record<string, unknown>>)[key];
    }
    return current;
  }

  #readPath(path: string, item: unknown): void {
    if (!isJsonObject(item)) return;
    for (const method of METHODS) {
      const operation = item[method];
      if (!isJsonObject(operation)) continue;
      const shared = Array.isArray(item["parameters"]) ? item["parameters"] : [];
      const own = Array.isArray(operation["parameters"]) ? operation["parameters"] : [];
      const parameters = new Map<string, JsonObject>();
      for (const parameter of [...shared, ...own].map((given) => this.resolve(given)).filter(isJsonObject)) {
        parameters.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
      }
      const id = operation["operationId"];
      const found = { method: method.toUpperCase(), path, operation, parameters: [...parameters.values()] };
      this.#operations.set(`${found.method} ${path}`, found);
      if (typeof id === "string" && id !== "") this.#operations.set(id, found);
    }
  }
}

/** Documents by their content: a large one takes long to read. The oldest goes first. */
export class OpenapiDocuments {
  readonly #kept = new Map<string, OpenapiDocument>();

  /** @throws FatalNodeError `invalid_input` */
  open(content: string | JsonObject): OpenapiDocument {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES)
      throw invalid(`The document is larger than ${MAX_DOCUMENT_BYTES} bytes.`);
    const key = createHash("sha256").update(text).digest("base64");
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const document = new OpenapiDocument(typeof content === "string" ? parseText(text) : JSON.parse(text));
    if (this.#kept.size >= MAX_KEPT_DOCUMENTS) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(key, document);
    return document;
  }
}

function parseText(text: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw invalid("The document begins as JSON and is not valid JSON.");
    }
  }
  const { Lexer, parse } = loadOptionalModule<typeof import("yaml")>("yaml", "An OpenAPI document in YAML");
  checkYamlStructure(new Lexer().lex(text), MAX_YAML_DEPTH);
  try {
    return parse(text, { maxAliasCount: 0, schema: "core" }) as unknown;
  } catch {
    throw invalid("The document is neither valid JSON nor YAML (aliases are not allowed).");
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
