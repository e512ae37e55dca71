import type { ExpressionScope, ExtraNames } from "./expression-scope.js";

/** An expression or template, parsed once and evaluated many times. Immutable and free of shared state. */
export interface CompiledExpression {
  /** The text it was compiled from. */
  readonly source: string;
  /**
   * Computes the value; never undefined.
   *
   * @param extra - names looked up before those of the input
   * @throws ExpressionError `unresolved_name`, `expression_type`, `expression_limit` or `expression_failed`
   */
  evaluate(scope: ExpressionScope, extra?: ExtraNames): unknown;
  /** Ids of the nodes named literally, as in `nodes.fetch`; each once, in the order of the source. */
  readonly nodeReferences: readonly string[];
  /** Whether two evaluations on the same scope may differ: it uses `now`, `today`, `random`, `uuid` or `date()`. */
  readonly isVolatile: boolean;
  /** Bare names that are neither reserved nor parameters of an arrow function; each once. */
  readonly names: readonly string[];
}
