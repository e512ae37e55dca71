import { AutomatrixError, FatalNodeError, type Logger, RetryableNodeError } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";

const MASK = "***";
/** Shorter secrets would be found in every other word. */
const MIN_LENGTH = 4;
const MAX_DEPTH = 32;
const MAX_CAUSES = 8;

/** Takes secrets of a config out of whatever leaves an action, in plain, URL-encoded and base64 form. */
export class ConfigMask {
  readonly #values: readonly string[];

  constructor(secrets: Iterable<string>) {
    const found = new Set<string>();
    for (const secret of secrets) addForms(secret, found);
    // Longest first: a value may be part of another.
    this.#values = [...found].sort((one, other) => other.length - one.length);
  }

  text(text: string): string {
    let masked = text;
    for (const value of this.#values) masked = masked.replaceAll(value, MASK);
    return masked;
  }

  /** A copy without the secrets, keys included. Only plain data is looked into. */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number" && this.#values.includes(String(value))) return MASK;
    if (depth > MAX_DEPTH) return MASK;
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    if (!isJsonObject(value) || !isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [this.text(key), this.value(child, depth + 1)]),
    );
  }

  logger(logger: Logger): Logger {
    const log =
      (level: keyof Logger) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        logger[level](this.text(String(message)), this.value(fields) as Readonly<Record<string, unknown>>);
    return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  }

  /** An error that says and means the same, without the secrets; its stack is left behind. */
  error(error: unknown, depth = 0): unknown {
    if (typeof error !== "object" || error === null) return typeof error === "string" ? this.text(error) : error;
    const { name, message, code, status, cause, details, retryAfterMs } = error as Readonly<Record<string, unknown>>;
    const options = {
      ...(details === undefined ? {} : { details: this.value(details) }),
      ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: this.error(cause, depth + 1) }),
    };
    const text = this.text(String(message ?? "The action failed."));
    const after = typeof retryAfterMs === "number" ? { retryAfterMs } : {};
    if (AutomatrixError.is(error)) {
      if (name === "RetryableNodeError")
        return new RetryableNodeError(text, { ...options, ...after, code: error.code });
      if (name === "FatalNodeError") return new FatalNodeError(text, { ...options, code: error.code });
      return Object.assign(new AutomatrixError(error.code, text, options), after);
    }
    const plain = new Error(text, options);
    if (typeof name === "string") plain.name = this.text(name);
    if (typeof code === "string") Object.assign(plain, { code: this.text(code) });
    return Object.assign(plain, typeof status === "number" ? { status } : {}, after);
  }
}

function addForms(text: string, found: Set<string>): void {
  if (text.length < MIN_LENGTH) return;
  const bytes = Buffer.from(text);
  found.add(text);
  found.add(JSON.stringify(text).slice(1, -1));
  found.add(new URLSearchParams([["", text]]).toString().slice(1));
  // A lone half of a character has no URL form of its own.
  found.add(encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")));
  found.add(bytes.toString("base64"));
  found.add(bytes.toString("base64url"));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
