import type { NodeType } from "../definition/node-type.js";
import type { NodeDefinition } from "../definition/workflow-definition.js";
import { AutomatrixError } from "../errors/errors.js";
import { compileExpression } from "../expressions/compile-expression.js";
import { type CompiledValue, compileValue } from "../expressions/compile-parameters.js";
import { hasTemplate } from "../expressions/compile-template.js";
import type { ExpressionScope } from "../expressions/expression-scope.js";
import type { FunctionTable } from "../expressions/functions/function-table.js";

type Parameters = Readonly<Record<string, unknown>>;

/** The parameters of a node with every expression compiled once. */
export interface CompiledParameters {
  /** True when nothing has to be evaluated per run. */
  readonly isStatic: boolean;
  /** True when an expression reads the time, randomness or a new id. */
  readonly isVolatile: boolean;
  /**
   * Parameters that are the same for every activation; undefined when an expression is among them.
   * @throws AutomatrixError `invalid_parameters`
   */
  resolveStatic(): Parameters | undefined;
  /**
   * Parameters for one activation.
   * @throws ExpressionError, or AutomatrixError `invalid_parameters`
   */
  resolve(scope: ExpressionScope): Parameters;
  /** Evaluates a deferred parameter. */
  evaluate(parameter: string, scope: ExpressionScope, extra?: Parameters): unknown;
}

/** Compiles a node's `data`. Bodies are passed through untouched, deferred parameters kept apart. */
export function compileParameters(
  node: NodeDefinition,
  type: NodeType,
  functions: FunctionTable | undefined,
): CompiledParameters {
  const untouched = new Set([...(type.bodies ?? []), ...(type.deferred ?? [])]);
  const raw: Record<string, unknown> = {};
  const kept: Record<string, unknown> = {};
  const written = node.data ?? {};
  for (const [key, value] of Object.entries(type.rewrite?.(written) ?? written)) {
    if (key === "label") continue;
    (untouched.has(key) ? kept : raw)[key] = value;
  }
  const compiled = compileValue(raw, undefined, functions);
  const deferred = new Map(
    (type.deferred ?? []).flatMap((key) =>
      kept[key] === undefined ? [] : [[key, compileDeferred(kept[key], functions)] as const],
    ),
  );
  const isVolatile =
    (compiled.kind === "dynamic" && compiled.isVolatile) ||
    [...deferred.values()].some((value) => value.kind === "dynamic" && value.isVolatile);
  const parse = (values: unknown): Parameters => parseParameters(joined(values, kept), kept, node, type);
  let parsed: Parameters | undefined;
  const parseOnce = (value: unknown): Parameters => {
    parsed ??= parse(value);
    return parsed;
  };
  return {
    isStatic: compiled.kind === "static",
    isVolatile,
    resolveStatic: () => (compiled.kind === "static" ? parseOnce(compiled.value) : undefined),
    resolve(scope) {
      return compiled.kind === "dynamic" ? parse(compiled.evaluate(scope)) : parseOnce(compiled.value);
    },
    evaluate(parameter, scope, extra) {
      const value = deferred.get(parameter);
      if (value === undefined) return null;
      return value.kind === "static" ? value.value : value.evaluate(scope, extra);
    },
  };
}

/** A deferred text without `{{` is an expression as a whole. */
function compileDeferred(value: unknown, functions: FunctionTable | undefined): CompiledValue {
  if (typeof value !== "string") return compileValue(value, undefined, functions);
  // Blanks around the braces would make its answer a text.
  if (hasTemplate(value)) return compileValue(value.trim(), undefined, functions);
  const expression = compileExpression(value, undefined, functions);
  return {
    kind: "dynamic",
    evaluate: (scope, extra) => expression.evaluate(scope, extra),
    nodeReferences: expression.nodeReferences,
    isVolatile: expression.isVolatile,
    names: expression.names,
  };
}

function parseParameters(
  values: Record<string, unknown>,
  kept: Parameters,
  node: NodeDefinition,
  type: NodeType,
): Parameters {
  const schema = type.parameterSchema;
  if (schema === undefined) return Object.freeze(values);
  const result = schema.safeParse(values);
  if (result.success) return Object.freeze(joined(result.data, kept));
  const problems = result.error.issues
    .slice(0, 20)
    .map((issue) => `${issue.path.map(String).join(".") || "parameters"}: ${issue.message}`);
  throw new AutomatrixError(
    "invalid_parameters",
    `Parameters of node "${node.id}" (${type.type}) do not fit: ${problems.join("; ")}`,
    {
      details: {
        issues: result.error.issues
          .slice(0, 20)
          .map((issue) => ({ path: issue.path.map(String), message: issue.message })),
      },
    },
  );
}

/** A copy with these parameters on top. A spread would do, but V8 reads what was spread and then frozen several times slower. */
function joined(values: unknown, kept: Parameters): Record<string, unknown> {
  return Object.assign({}, values, kept);
}
