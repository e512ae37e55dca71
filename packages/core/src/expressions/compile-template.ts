import { type CompileOptions, compileAt } from "./compile-expression.js";
import type { CompiledExpression } from "./compiled-expression.js";
import { Evaluation } from "./evaluation.js";
import { type ExpressionLimits, toExpressionLimits } from "./expression-limits.js";
import type { FunctionTable } from "./functions/function-table.js";
import { standardFunctions } from "./functions/standard-functions.js";
import { toText } from "./value-text.js";

const OPENING = "{{";
const CLOSING_LENGTH = 2;

/** Whether a text has `{{`, so that it is a template rather than plain text. */
export function hasTemplate(text: string): boolean {
  return text.includes(OPENING);
}

/**
 * Compiles a text with `{{ expression }}` in it. One expression that is the whole text keeps the type of its value;
 * otherwise the values become text: null as nothing, lists and objects as JSON. Values are never templates again.
 * `{{"{{"}}` writes braces. Offsets of errors count from the start of the text.
 *
 * @throws ExpressionError `expression_syntax`, `expression_limit` or `unknown_function`
 * @example
 * compileTemplate("Hello {{name}}").evaluate(scope); // "Hello Ada"
 */
export function compileTemplate(
  text: string,
  limits?: Partial<ExpressionLimits>,
  functions: FunctionTable = standardFunctions,
): CompiledExpression {
  const options = { limits: toExpressionLimits(limits), functions, isInTemplate: true };
  const parts = compileParts(text, options);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== "string") return { ...only, source: text };
  return joinTemplate(text, parts, options.limits);
}

type Part = string | CompiledExpression;

function compileParts(text: string, options: CompileOptions): readonly Part[] {
  const parts: Part[] = [];
  let position = 0;
  while (position < text.length) {
    const opening = text.indexOf(OPENING, position);
    if (opening < 0) break;
    if (opening > position) parts.push(text.slice(position, opening));
    const { compiled, end } = compileAt({ text, start: opening + OPENING.length }, options);
    parts.push(compiled);
    position = end + CLOSING_LENGTH;
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

function joinTemplate(text: string, parts: readonly Part[], limits: ExpressionLimits): CompiledExpression {
  const expressions = parts.filter((part) => typeof part !== "string");
  const settings = { site: { text, start: 0 }, limits, patterns: new Map() };
  return {
    source: text,
    evaluate(scope, extra) {
      const evaluation = new Evaluation(settings, scope, extra);
      let joined = "";
      for (const part of parts) {
        joined += typeof part === "string" ? part : toText(part.evaluate(scope, extra), evaluation);
        evaluation.checkTextLength(joined.length);
      }
      return joined;
    },
    nodeReferences: unique(expressions.flatMap((expression) => expression.nodeReferences)),
    isVolatile: expressions.some((expression) => expression.isVolatile),
    names: unique(expressions.flatMap((expression) => expression.names)),
  };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
