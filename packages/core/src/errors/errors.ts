import type { Issue } from "../definition/issue.js";
import type { ErrorCode } from "./error-codes.js";

/** What every AutoMatrix error can carry besides its message. */
export interface ErrorOptions {
  readonly details?: unknown;
  readonly cause?: unknown;
}

const BRAND = Symbol.for("automatrix.error");

/** Base of every error that AutoMatrix throws. Guard with {@link AutomatrixError.is} and `code`, not `instanceof`. */
export class AutomatrixError extends Error {
  /** Stable code; plugin authors may use codes of their own. */
  readonly code: ErrorCode | (string & {});
  /** Machine-readable facts; never payloads or secrets. */
  readonly details?: unknown;

  constructor(code: ErrorCode | (string & {}), message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.details !== undefined) this.details = options.details;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for an AutoMatrix error of any copy of this package. */
  static is(error: unknown): error is AutomatrixError {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** A definition that cannot run. `issues` lists everything that is wrong with it. */
export class DefinitionError extends AutomatrixError {
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[], options: ErrorOptions = {}) {
    super("invalid_definition", message, { details: { issues }, ...options });
    this.issues = issues;
  }
}

/** An option or combination of parts that cannot work. */
export class ConfigurationError extends AutomatrixError {}

/** An expression that cannot be parsed or evaluated. */
export class ExpressionError extends AutomatrixError {
  /** The expression's text. */
  readonly source: string;
  /** Zero-based offset into `source`. */
  readonly offset: number;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { source: string; offset: number }) {
    super(code, message, options);
    this.source = options.source;
    this.offset = options.offset;
  }
}

/** Thrown by a node: nothing happened that a further attempt could not mend. */
export class RetryableNodeError extends AutomatrixError {
  /** How long the target asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number; code?: string } = {}) {
    super(options.code ?? "retryable", message, options);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** Thrown by a node: no retry can mend this. */
export class FatalNodeError extends AutomatrixError {
  constructor(message: string, options: ErrorOptions & { code?: string } = {}) {
    super(options.code ?? "fatal", message, options);
  }
}

/** An execution that is not there, has ended, was cancelled or timed out. */
export class ExecutionError extends AutomatrixError {}

/** The storage refused or could not do what was asked. */
export class StorageError extends AutomatrixError {}

/** A fault in AutoMatrix itself. */
export class InternalError extends AutomatrixError {
  constructor(message: string, options: ErrorOptions = {}) {
    super("internal", message, options);
  }
}
