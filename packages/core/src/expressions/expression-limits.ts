/** Bounds on one expression; exceeding one is an ExpressionError `expression_limit`. */
export interface ExpressionLimits {
  /** Characters of the source. Default 10,000. */
  readonly maxSourceLength: number;
  /** Nesting of brackets, prefix operators, ternaries and arrows. Default 64. */
  readonly maxNesting: number;
  /** Steps of one evaluation: one for each operation, element and 256 characters handled. Default 100,000. */
  readonly maxSteps: number;
  /** UTF-16 units of any text made by an expression. Default 10 Mi. */
  readonly maxTextLength: number;
}

const MEBI = 1024 * 1024;

/** The bounds used when none are given. */
export const defaultExpressionLimits: ExpressionLimits = Object.freeze({
  maxSourceLength: 10_000,
  maxNesting: 64,
  maxSteps: 100_000,
  maxTextLength: 10 * MEBI,
});

/** Deepest nesting of a value that an expression may make or write as text. */
export const MAX_VALUE_DEPTH = 256;

/** Size of a result, counted as its characters plus two for each value with shared parts counted each time. */
export const MAX_RESULT_SIZE = 32 * MEBI;

/** Binary operators in one expression; keeps the parser's recursion short. */
export const MAX_OPERATORS = 1_000;

/** Fills in the defaults. */
export function toExpressionLimits(limits: Partial<ExpressionLimits> | undefined): ExpressionLimits {
  return limits === undefined ? defaultExpressionLimits : { ...defaultExpressionLimits, ...limits };
}
