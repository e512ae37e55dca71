import type { RE2JS } from "re2js";
import { AutomatrixError, type ExpressionError } from "../errors/errors.js";
import type { CompiledExpression } from "./compiled-expression.js";
import { Evaluation, type EvaluationSettings } from "./evaluation.js";
import { type ExpressionLimits, toExpressionLimits } from "./expression-limits.js";
import type { ExpressionScope, ExtraNames } from "./expression-scope.js";
import type { FunctionTable } from "./functions/function-table.js";
import { standardFunctions } from "./functions/standard-functions.js";
import { checkResultSize } from "./result-size.js";
import type { SourceSite } from "./source-site.js";
import { NAME_NOT_FOUND } from "./syntax/bare-name.js";
import { Compilation, type Evaluator } from "./syntax/compilation.js";
import { compileNode } from "./syntax/compile-node.js";
import { toPlainPath } from "./syntax/compile-path.js";
import { parseSource } from "./syntax/parse-source.js";

/**
 * Compiles an expression, without braces around it. Never evaluates JavaScript: the source is parsed, checked against
 * an allow-list and turned into closures.
 *
 * @param limits - bounds; the defaults are 10,000 characters, nesting 64 and 100,000 steps
 * @param functions - the functions it may call; the standard ones by default
 * @throws ExpressionError `expression_syntax`, `expression_limit` or `unknown_function`, with the offset in the source
 * @example
 * compileExpression("upper(input.name)").evaluate(scope); // "ADA"
 */
export function compileExpression(
  source: string,
  limits?: Partial<ExpressionLimits>,
  functions: FunctionTable = standardFunctions,
): CompiledExpression {
  const options = { limits: toExpressionLimits(limits), functions, isInTemplate: false };
  return compileAt({ text: source, start: 0 }, options).compiled;
}

/** How to compile an expression at its place in a text. */
export interface CompileOptions {
  readonly limits: ExpressionLimits;
  readonly functions: FunctionTable;
  /** Whether it ends at `}}`. */
  readonly isInTemplate: boolean;
}

/** A compiled expression and where it ended. */
export interface CompiledAt {
  readonly compiled: CompiledExpression;
  /** Offset of its end in the site's text. */
  readonly end: number;
}

/** Compiles the expression at a place in a text; its errors carry the whole text and offsets into it. */
export function compileAt(site: SourceSite, { limits, functions, isInTemplate }: CompileOptions): CompiledAt {
  const { tree, end } = parseSource(site, limits, isInTemplate);
  const compilation = new Compilation(site, functions);
  const evaluator = compileNode(tree, compilation);
  const settings: EvaluationSettings = { site, limits, patterns: new Map<string, RE2JS>() };
  const slow = guard(evaluator, settings);
  const plain = toPlainPath(tree, compilation);
  const compiled: CompiledExpression = {
    source: site.text.slice(site.start, end),
    evaluate: plain === undefined ? slow : guardPlain(plain, slow),
    nodeReferences: [...compilation.nodeReferences],
    isVolatile: compilation.isVolatile,
    names: [...compilation.names],
  };
  return { compiled, end };
}

type Evaluate = CompiledExpression["evaluate"];

/** A plain path needs no budget; when it fails, the general way is taken to fail with the right error. */
function guardPlain(plain: (scope: ExpressionScope, extra?: ExtraNames) => unknown, slow: Evaluate): Evaluate {
  return (scope, extra) => {
    let value: unknown;
    try {
      value = plain(scope, extra);
    } catch {
      return slow(scope, extra);
    }
    return value === NAME_NOT_FOUND ? slow(scope, extra) : value;
  };
}

function guard(evaluator: Evaluator, settings: EvaluationSettings): Evaluate {
  return (scope, extra) => {
    const evaluation = new Evaluation(settings, scope, extra);
    try {
      const value = evaluator(evaluation) ?? null;
      checkResultSize(value, evaluation);
      return value;
    } catch (error) {
      if (isExpressionError(error)) throw error;
      return failUnexpectedly(error, evaluation);
    }
  };
}

/** Something other than the expression failed: a getter of the scope, a plugin's function, the JavaScript stack. */
function failUnexpectedly(error: unknown, evaluation: Evaluation): never {
  if (error instanceof RangeError) {
    evaluation.fail("expression_limit", "the expression or its data is too large or too deep", { cause: error });
  }
  return evaluation.fail("expression_failed", "the expression failed for a reason outside of it", { cause: error });
}

function isExpressionError(error: unknown): error is ExpressionError {
  return AutomatrixError.is(error) && "source" in error && "offset" in error;
}
