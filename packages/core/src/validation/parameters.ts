import type { NodeType } from "../definition/node-type.js";
import { hasTemplate } from "../expressions/compile-template.js";
import { childPointer } from "./json-pointer.js";
import type { PlainObject } from "./plain-object.js";
import type { CheckedNode, Scope } from "./scope.js";
import { containsTemplate } from "./template-text.js";
import type { ValidationContext } from "./validation-context.js";

/** What is read of an issue of zod. */
interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The issues of each branch of a union; their paths start at the union. */
  readonly errors?: readonly (readonly SchemaIssue[])[] | undefined;
}

/**
 * Checks a node's parameters by the schema of its type. What the schema says about a text with an expression is left to
 * the run: only then the values are known. Bodies and deferred text are checked as what they are instead; a refinement of
 * a deferred text counts, as it is that very text which the node gets.
 */
export function checkParameters(node: CheckedNode, context: ValidationContext): void {
  const { type } = node;
  if (type === undefined) return;
  const { label: _, ...parameters } = node.data;
  const pointer = childPointer(node.pointer, "data");
  const report = (message: string, path: string): void =>
    context.issues.error("invalid_parameters", message, { path, nodeId: node.path });
  try {
    for (const issue of schemaIssues(type, parameters)) {
      if (isLeftToRun(issue, type, parameters)) continue;
      report(
        `${describe(issue.path)}${issue.message}`,
        issue.path.reduce<string>((path, key) => childPointer(path, String(key)), pointer),
      );
    }
  } catch (error) {
    if (!containsTemplate(parameters))
      report(`The schema of node type "${type.type}" failed on these parameters: ${textOf(error)}`, pointer);
  }
}

/** Reports loops without a bound, and workflows that call themselves. */
export function checkLoops(node: CheckedNode, context: ValidationContext): void {
  const { type, data, path: nodeId } = node;
  if (type === undefined) return;
  const pointer = childPointer(node.pointer, "data");
  const endless = callUnbounded(type, data);
  if (endless !== undefined) context.issues.error("unbounded_loop", endless, { path: pointer, nodeId });
  if (type.type !== "sub_workflow" || context.workflowId === undefined || data.workflowId !== context.workflowId)
    return;
  const message = `The node starts its own workflow again; make sure that a condition ends it, at most ${context.limits.maxExecutionDepth} levels deep.`;
  context.issues.warning("recursive_workflow", message, { path: childPointer(pointer, "workflowId"), nodeId });
}

/** The definitions in a node's parameters, with their pointers. */
export function bodiesOf(
  node: CheckedNode,
  scope: Scope,
): { readonly body: unknown; readonly pointer: string; readonly prefix: string }[] {
  const { type, data, id } = node;
  const pointer = childPointer(node.pointer, "data");
  return (type?.bodies ?? [])
    .filter((key) => data[key] !== undefined && data[key] !== null)
    .map((key) => ({
      body: data[key],
      pointer: childPointer(pointer, key),
      prefix: `${scope.prefix}${id ?? node.index}/`,
    }));
}

function schemaIssues(type: NodeType, parameters: PlainObject): readonly SchemaIssue[] {
  const result = type.parameterSchema?.safeParse(parameters);
  return result === undefined || result.success ? [] : result.error.issues;
}

function callUnbounded(type: NodeType, data: PlainObject): string | undefined {
  try {
    const answer: unknown = type.unbounded?.(data);
    return typeof answer === "string" ? answer : undefined;
  } catch {
    return undefined;
  }
}

function isLeftToRun(issue: SchemaIssue, type: NodeType, parameters: PlainObject): boolean {
  const [key] = issue.path;
  if (typeof key === "string") {
    const value = parameters[key];
    if (type.bodies?.includes(key)) return value !== undefined && value !== null;
    if (typeof value === "string" && type.deferred?.includes(key)) return issue.code !== "custom";
  }
  return isUnknownYet(issue, parameters);
}

/** Whether an issue is about text whose value is known only at run time. */
function isUnknownYet(issue: SchemaIssue, root: unknown): boolean {
  let value = root;
  for (const key of issue.path) {
    if (typeof value === "string") return hasTemplate(value);
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  if (typeof value === "string") return hasTemplate(value);
  if (issue.code === "custom") return containsTemplate(value);
  return (
    issue.code === "invalid_union" &&
    (issue.errors ?? []).some((branch) => branch.length > 0 && branch.every((inner) => isUnknownYet(inner, value)))
  );
}

function describe(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "Parameters: " : `Parameter ${path.map(String).join(".").slice(0, 200)}: `;
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message.slice(0, 500) : "it threw something that is no error.";
  } catch {
    return "it threw something that cannot be read.";
  }
}
