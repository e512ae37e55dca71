import { AutomatrixError, type ExpressionError } from "../errors/errors.js";
import { compileTemplate, hasTemplate } from "./compile-template.js";
import type { CompiledExpression } from "./compiled-expression.js";
import type { ExpressionLimits } from "./expression-limits.js";
import type { FunctionTable } from "./functions/function-table.js";
import { setOwnProperty } from "./own-property.js";
import { failTooLarge, findTemplateStrings, MAX_PARAMETER_DEPTH, MAX_PARAMETER_VALUES } from "./template-strings.js";

/** A value without templates, used as it is. */
export interface StaticValue {
  readonly kind: "static";
  readonly value: unknown;
}

/** A value with at least one template; the parts without one are shared by all its results. */
export interface DynamicValue extends Omit<CompiledExpression, "source"> {
  readonly kind: "dynamic";
}

/** A parameter, or all of them, ready to be resolved at each activation. */
export type CompiledValue = StaticValue | DynamicValue;

/**
 * Compiles every template in a value, each once. Walks own keys only; `__proto__` keys are left out of results.
 *
 * @throws ExpressionError of the first template that does not compile; `expression_limit` beyond 64 levels
 * @example
 * const parameters = compileValue({ url: "https://example.com/{{input.id}}", retries: 3 });
 */
export function compileValue(
  value: unknown,
  limits?: Partial<ExpressionLimits>,
  functions?: FunctionTable,
): CompiledValue {
  let visited = 0;
  const compile = (part: unknown, depth: number): CompiledValue => {
    visited += 1;
    if (depth > MAX_PARAMETER_DEPTH || visited > MAX_PARAMETER_VALUES) failTooLarge();
    if (typeof part === "string") return compileString(part, limits, functions);
    if (Array.isArray(part)) {
      return compileList(
        part,
        part.map((element) => compile(element, depth + 1)),
      );
    }
    if (!isPlainObject(part)) return { kind: "static", value: part };
    const entries = Object.entries(part).map(([key, nested]) => [key, compile(nested, depth + 1)] as const);
    return compileObject(part, entries);
  };
  return compile(value, 0);
}

function compileString(
  text: string,
  limits: Partial<ExpressionLimits> | undefined,
  functions: FunctionTable | undefined,
): CompiledValue {
  if (!hasTemplate(text)) return { kind: "static", value: text };
  const { source: _source, ...compiled } = compileTemplate(text, limits, functions);
  return { kind: "dynamic", ...compiled };
}

function compileList(list: unknown, elements: readonly CompiledValue[]): CompiledValue {
  if (elements.every((element) => element.kind === "static")) return { kind: "static", value: list };
  return {
    kind: "dynamic",
    evaluate: (scope, extra) =>
      elements.map((element) => (element.kind === "static" ? element.value : element.evaluate(scope, extra))),
    ...gather(elements),
  };
}

function compileObject(object: unknown, entries: readonly (readonly [string, CompiledValue])[]): CompiledValue {
  const values = entries.map(([, value]) => value);
  if (values.every((value) => value.kind === "static")) return { kind: "static", value: object };
  return {
    kind: "dynamic",
    evaluate(scope, extra) {
      const result: Record<string, unknown> = {};
      for (const [key, value] of entries) {
        if (value.kind === "dynamic") setOwnProperty(result, key, value.evaluate(scope, extra));
        else if (key !== "__proto__") result[key] = value.value;
      }
      return result;
    },
    ...gather(values),
  };
}

function gather(values: readonly CompiledValue[]): Pick<DynamicValue, "nodeReferences" | "isVolatile" | "names"> {
  const dynamic = values.filter((value) => value.kind === "dynamic");
  return {
    nodeReferences: [...new Set(dynamic.flatMap((value) => value.nodeReferences))],
    isVolatile: dynamic.some((value) => value.isVolatile),
    names: [...new Set(dynamic.flatMap((value) => value.names))],
  };
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** What is wrong with one template. */
export interface ExpressionIssue {
  /** JSON pointer to the string. */
  readonly pointer: string;
  readonly message: string;
  /** Zero-based offset into the string. */
  readonly offset: number;
  /** The whole string. */
  readonly source: string;
}

/** Lists what is wrong with the templates of a value, the first problem of each string; never throws. */
export function findExpressionIssues(
  value: unknown,
  pointer: string,
  limits?: Partial<ExpressionLimits>,
  functions?: FunctionTable,
): readonly ExpressionIssue[] {
  const issues: ExpressionIssue[] = [];
  const collect = (at: string, check: () => void): void => {
    try {
      check();
    } catch (error) {
      issues.push(toIssue(at, error));
    }
  };
  collect(pointer, () => {
    for (const template of findTemplateStrings(value, pointer)) {
      collect(template.pointer, () => {
        compileTemplate(template.text, limits, functions);
      });
    }
  });
  return issues;
}

function toIssue(pointer: string, error: unknown): ExpressionIssue {
  if (!AutomatrixError.is(error)) throw error;
  const { message, offset, source } = error as ExpressionError;
  return { pointer, message, offset, source };
}

/** A template of a value, compiled, and its place. */
export interface CollectedExpression {
  /** JSON pointer to the string. */
  readonly pointer: string;
  readonly compiled: CompiledExpression;
}

/** Compiles every template of a value; those that do not compile are left out, see {@link findExpressionIssues}. */
export function collectExpressions(
  value: unknown,
  pointer: string,
  limits?: Partial<ExpressionLimits>,
  functions?: FunctionTable,
): readonly CollectedExpression[] {
  const collected: CollectedExpression[] = [];
  for (const template of findTemplateStrings(value, pointer)) {
    try {
      collected.push({ pointer: template.pointer, compiled: compileTemplate(template.text, limits, functions) });
    } catch (error) {
      if (!AutomatrixError.is(error)) throw error;
    }
  }
  return collected;
}
