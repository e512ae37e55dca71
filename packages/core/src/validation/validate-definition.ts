import type { Issue } from "../definition/issue.js";
import { DEFAULT_LIMITS, type Limits } from "../definition/limits.js";
import { NodeRegistry } from "../definition/node-registry.js";
import type { NodeType } from "../definition/node-type.js";
import type { FunctionTable } from "../expressions/functions/function-table.js";
import { checkEdges } from "./edges.js";
import { ExpressionChecker } from "./expressions.js";
import { checkGraph } from "./graph-issues.js";
import { IssueCollector } from "./issue-collector.js";
import { NodeTypeFinder } from "./node-types.js";
import { bodiesOf, checkLoops, checkParameters } from "./parameters.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";
import { createScope, type Scope } from "./scope.js";
import { checkShape } from "./shape.js";
import { readStructure } from "./structure.js";
import type { ValidationContext } from "./validation-context.js";

/** What {@link validateDefinition} needs to know besides the definition. */
export interface ValidateOptions {
  /** Node types that definitions may use. */
  readonly nodes: Iterable<NodeType> | NodeRegistry;
  /** Replaces single limits of {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits> | undefined;
  /** Functions that expressions may call; the standard ones when left out. */
  readonly functions?: FunctionTable | undefined;
}

/**
 * Finds everything that is wrong or suspicious in a definition, in O(nodes + edges). Never throws, whatever it is
 * given, and reads the definition once. At most 10,000 errors and 10,000 warnings are listed; a last issue
 * `too_large` then counts the others. A definition beyond a limit of size is not looked at further.
 *
 * ```ts
 * const errors = validateDefinition(definition, { nodes }).filter((issue) => issue.severity === "error");
 * ```
 * @param definition - anything; a valid one is a `WorkflowDefinition`
 * @returns issues with stable codes and JSON pointers; none when all is well
 */
export function validateDefinition(definition: unknown, options: ValidateOptions): Issue[] {
  const issues = new IssueCollector();
  try {
    validate(definition, options, issues);
  } catch (error) {
    // Only a fault of a node type, of the options or of this code comes here: a definition cannot.
    issues.error("invalid_definition", `Validation failed: ${messageOf(error)}`, { path: "" });
  }
  return issues.finish();
}

function validate(definition: unknown, options: ValidateOptions, issues: IssueCollector): void {
  const registry = options.nodes instanceof NodeRegistry ? options.nodes : new NodeRegistry(options.nodes);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const snapshot = readStructure(definition, { limits, registry, issues });
  if (snapshot === undefined) return;
  const workflowId = typeof snapshot.id === "string" ? snapshot.id : undefined;
  const context = { issues, registry, types: new NodeTypeFinder(registry), limits, workflowId };
  validateScopes(snapshot, context, new ExpressionChecker(context, options.functions));
}

/** Scope by scope, outer ones first: a body's expressions may name nodes around it. The graphs come last, when all references are known. */
function validateScopes(snapshot: PlainObject, context: ValidationContext, expressions: ExpressionChecker): void {
  const scopes = [createScope(snapshot, { pointer: "", prefix: "", outer: undefined })];
  for (const scope of scopes) {
    checkShape(scope, context);
    checkEdges(scope, context);
    expressions.checkSettings(scope);
    for (const node of scope.nodes) {
      if (node === undefined) continue;
      checkParameters(node, context);
      checkLoops(node, context);
      expressions.checkNode(node, scope);
      for (const { body, pointer, prefix } of bodiesOf(node, scope)) {
        const outer = { scope, container: node.index };
        if (isPlainObject(body)) scopes.push(createScope(body, { pointer, prefix, outer }));
        else
          context.issues.error("invalid_definition", "A body must be a definition: an object with nodes and edges.", {
            path: pointer,
            nodeId: node.path,
          });
      }
    }
  }
  for (const scope of scopes as readonly Scope[]) checkGraph(scope, context);
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message.slice(0, 500) : "something that is no error was thrown.";
  } catch {
    return "something that cannot be read was thrown.";
  }
}
