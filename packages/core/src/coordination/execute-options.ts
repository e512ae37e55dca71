import { type AutomatrixError, ConfigurationError } from "../errors/errors.js";
import type { NodeMock } from "../ports/execution-record.js";
import { isPlainObject, toPlainJson } from "../shared/plain-json.js";

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
  const { priority, idempotencyKey, metadata = {}, mocks } = options;
  if (priority !== undefined && !Number.isSafeInteger(priority))
    throw refuse(`priority must be an integer, not ${String(priority)}.`);
  if (
    idempotencyKey !== undefined &&
    (typeof idempotencyKey !== "string" || idempotencyKey === "" || idempotencyKey.length > MAX_KEY_LENGTH)
  ) {
    throw refuse(`idempotencyKey must be a text of 1–${MAX_KEY_LENGTH} characters.`);
  }
  if (!isPlainObject(metadata)) throw refuse("metadata must be an object.");
  if (mocks !== undefined && !isPlainObject(mocks)) throw refuse("mocks must be an object by node id.");
  return {
    ...options,
    input: options.input === undefined ? Object.freeze({}) : toPayload(options.input, "input", maxInputBytes),
    metadata: toPayload(metadata, "metadata", maxInputBytes) as Readonly<Record<string, unknown>>,
  };
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
