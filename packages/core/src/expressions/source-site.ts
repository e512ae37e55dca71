import { ExpressionError } from "../errors/errors.js";

/** The codes an expression fails with. */
export type ExpressionErrorCode =
  | "expression_syntax"
  | "unresolved_name"
  | "expression_type"
  | "expression_limit"
  | "unknown_function"
  | "expression_failed";

/** Where an expression stands: errors carry the whole text and an offset into it. */
export interface SourceSite {
  /** The expression, or the template it is part of. */
  readonly text: string;
  /** Offset of the expression in the text. */
  readonly start: number;
}

/** What an error adds to its place. */
export interface FailureContext {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Builds an ExpressionError at an offset of the expression. */
export function expressionErrorAt(
  place: { readonly site: SourceSite; readonly offset: number },
  failure: { readonly code: ExpressionErrorCode; readonly message: string } & FailureContext,
): ExpressionError {
  const { code, message, ...context } = failure;
  return new ExpressionError(code, message, {
    source: place.site.text,
    offset: place.site.start + place.offset,
    ...context,
  });
}
