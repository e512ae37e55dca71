import { type AutomatrixError, ConfigurationError } from "../../errors/errors.js";
import type { NodeMock } from "../../ports/execution-record.js";
import { isPlainObject, toPlainJson } from "../../shared/plain-json.js";

/** How an execution is started. */
export interface ExecuteOptions {
  /** JSON; `{}` when left out. */
  readonly input?: unknown;
  /** A second start with this key answers with the first execution. Scope: the workflow, or the name of an inline definition. */
  readonly idempotencyKey?: string;
  /** Integer, higher first; default `settings.priority`, else 0. */
  readonly priority?: number;
  readonly concurrencyKey?: string;
  readonly tenant?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Results in place of running nodes, by node path or id. */
  readonly mocks?: Readonly<Record<string, NodeMock>>;
  /** Id of the trigger node that fires. */
  readonly trigger?: string;
  /** Version of a saved workflow; the newest when left out. */
  readonly version?: number;
}

const MAX_KEY_LENGTH = 512;

/** The options with their payloads copied to plain, frozen JSON. @throws ConfigurationError `invalid_input` */
export function parseExecuteOptions(
  options: ExecuteOptions,
  maxInputBytes: number,
): ExecuteOptions & { readonly input: unknown; readonly metadata: Readonly<Record<string, unknown>> } {
  if (typeof options !== "object" || options === null) throw refuse("the options must be an object.");
  const { priority, idempotencyKey, tenant, concurrencyKey, metadata = {}, mocks } = options;
  if (priority !== undefined && !Number.isSafeInteger(priority))
    throw refuse(`priority must be an integer, not ${String(priority)}.`);
  if (
    idempotencyKey !== undefined &&
    (typeof idempotencyKey !== "string" || idempotencyKey === "" || idempotencyKey.length > MAX_KEY_LENGTH)
  ) {
    throw refuse(`idempotencyKey must be a text of 1–${MAX_KEY_LENGTH} characters.`);
  }
  requireText("tenant", tenant);
  requireText("concurrencyKey", concurrencyKey);
  if (!isPlainObject(metadata)) throw refuse("metadata must be an object.");
  return {
    ...options,
    ...(mocks === undefined ? {} : { mocks: parseMocks(mocks, maxInputBytes) }),
    input: options.input === undefined ? Object.freeze({}) : toPayload(options.input, "input", maxInputBytes),
    metadata: toPayload(metadata, "metadata", maxInputBytes) as Readonly<Record<string, unknown>>,
  };
}

function requireText(name: string, value: unknown): void {
  if (value !== undefined && value !== null && typeof value !== "string") throw refuse(`${name} must be a text.`);
}

/** Mocks are stored with the execution, so what is no JSON must be refused before anything starts. */
function parseMocks(mocks: unknown, maxBytes: number): Readonly<Record<string, NodeMock>> {
  if (!isPlainObject(mocks)) throw refuse("mocks must be an object by node id.");
  return Object.fromEntries(
    Object.entries(mocks).map(([node, mock]) => [node, parseMock(`mock of node "${node}"`, mock, maxBytes)]),
  );
}

function parseMock(name: string, mock: unknown, maxBytes: number): NodeMock {
  if (!isPlainObject(mock)) throw refuse(`The ${name} must be { output, port? } or { error }.`);
  const { port, error } = mock;
  if (port !== undefined && typeof port !== "string") throw refuse(`The port of the ${name} must be a text.`);
  // An error object stays what it is: a retryable one is retried.
  const rest = toPayload(error instanceof Error ? { ...mock, error: null } : mock, name, maxBytes);
  return Object.freeze({ ...(rest as NodeMock), ...(error instanceof Error ? { error } : {}) });
}

/** @throws ConfigurationError `invalid_input` naming what is wrong where */
export function toPayload(value: unknown, name: string, maxBytes: number): unknown {
  try {
    return toPlainJson(value, { maxBytes });
  } catch (error) {
    throw refuse(`The ${name} is not JSON. ${error instanceof Error ? error.message : ""}`, error);
  }
}

function refuse(message: string, cause?: unknown): AutomatrixError {
  return new ConfigurationError("invalid_input", message, { cause });
}
