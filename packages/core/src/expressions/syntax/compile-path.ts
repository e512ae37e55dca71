/*
 * Paths: a root and the properties below it. A path whose keys are all literal and whose root is no arrow parameter
 * is "plain" and runs without an Evaluation; every other path is a chain of reads.
 */
import type { Expression, Identifier, MemberExpression, Node } from "acorn";
import type { Evaluation } from "../evaluation.js";
import type { ExpressionScope, ExtraNames } from "../expression-scope.js";
import { isForbiddenKey, readOwnProperty, readProperty } from "../own-property.js";
import { failUnresolvedName, findBareName, NAME_NOT_FOUND } from "./bare-name.js";
import type { Compilation, Evaluator } from "./compilation.js";
import { isReservedName, readReservedName } from "./reserved-name.js";

/** Compiles any expression; passed in because paths and the other parts contain each other. */
export type CompileNode = (node: Node, compilation: Compilation) => Evaluator;

/** Reads a plain path; NAME_NOT_FOUND when its bare name does not exist. */
export type PlainPath = (scope: ExpressionScope, extra: ExtraNames | undefined) => unknown;

type Key = string | number;
type Step = { readonly key: Key } | { readonly compute: Node };

interface Path {
  readonly root: Node;
  readonly steps: readonly Step[];
}

/** Compiles a name or a chain of properties. */
export function compilePath(node: Node, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const { root, steps } = unchain(node, compilation);
  if (root.type !== "Identifier") return compileSteps(compileNode(root, compilation), steps, compilation, compileNode);
  const { name } = root as Identifier;
  const slot = compilation.slotOf(name);
  if (slot !== undefined) {
    return compileSteps((evaluation) => evaluation.locals[slot] ?? null, steps, compilation, compileNode);
  }
  if (name === "undefined") return compileSteps(() => null, steps, compilation, compileNode);
  if (name === "nodes") return compileNodes(steps, compilation, compileNode);
  return compileSteps(compileName(root as Identifier, compilation), steps, compilation, compileNode);
}

/** A reader without an Evaluation if the whole expression is a plain path. The compilation has recorded its names. */
export function toPlainPath(tree: Expression, compilation: Compilation): PlainPath | undefined {
  const { root, steps } = unchain(tree, compilation);
  if (root.type !== "Identifier") return undefined;
  const { name } = root as Identifier;
  const keys: Key[] = [];
  for (const step of steps) {
    if (!("key" in step)) return undefined;
    keys.push(step.key);
  }
  if (name === "undefined") return undefined;
  if (name === "nodes") return plainNodesPath(keys);
  if (isReservedName(name)) return withKeys((scope, extra) => readReservedName(name, { scope, extra }), keys);
  if (isForbiddenKey(name)) return undefined;
  return withKeys((scope, extra) => findBareName(name, scope, extra), keys);
}

function plainNodesPath(keys: readonly Key[]): PlainPath {
  const [id, ...rest] = keys;
  if (id === undefined) return (scope) => scope.nodes ?? null;
  if (isForbiddenKey(id)) return () => null;
  const nodeId = String(id);
  return withKeys((scope) => scope.node(nodeId) ?? null, rest);
}

function withKeys(root: PlainPath, keys: readonly Key[]): PlainPath {
  const [first, second] = keys;
  if (first === undefined) return root;
  if (keys.some(isForbiddenKey)) {
    return (scope, extra) => (root(scope, extra) === NAME_NOT_FOUND ? NAME_NOT_FOUND : null);
  }
  if (second === undefined) return (scope, extra) => below(root(scope, extra), first);
  if (keys.length === 2) {
    return (scope, extra) => {
      const value = below(root(scope, extra), first);
      return value === NAME_NOT_FOUND ? value : readOwnProperty(value, second);
    };
  }
  return (scope, extra) => {
    let value = root(scope, extra);
    if (value === NAME_NOT_FOUND) return value;
    for (const key of keys) value = readOwnProperty(value, key);
    return value;
  };
}

function below(value: unknown, key: Key): unknown {
  return value === NAME_NOT_FOUND ? value : readOwnProperty(value, key);
}

/** Splits `a.b[c]?.d` into its root and steps, without recursion. */
function unchain(node: Node, compilation: Compilation): Path {
  const steps: Step[] = [];
  let current = node;
  while (current.type === "MemberExpression" || current.type === "ChainExpression") {
    if (current.type === "ChainExpression") {
      current = (current as Node & { readonly expression: Node }).expression;
      continue;
    }
    const member = current as MemberExpression;
    steps.push(toStep(member, compilation));
    current = member.object;
  }
  return { root: current, steps: steps.reverse() };
}

function toStep({ property, computed }: MemberExpression, compilation: Compilation): Step {
  if (property.type === "PrivateIdentifier") compilation.fail(property, "private names are not possible");
  if (!computed && property.type === "Identifier") return { key: property.name };
  if (property.type !== "Literal") return { compute: property };
  if (typeof property.value === "string") return { key: toKey(property.value) };
  return typeof property.value === "number" ? { key: property.value } : { compute: property };
}

/** A list index written as text reads faster as a number. */
function toKey(text: string): Key {
  return /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : text;
}

function compileName(node: Identifier, compilation: Compilation): Evaluator {
  const { name } = node;
  if (isReservedName(name)) return (evaluation) => readReservedName(name, evaluation);
  if (isForbiddenKey(name)) return () => null;
  compilation.names.add(name);
  const offset = compilation.offsetOf(node);
  const isFunction = Object.hasOwn(compilation.functions, name);
  return (evaluation) => {
    const value = findBareName(name, evaluation.scope, evaluation.extra);
    if (value !== NAME_NOT_FOUND) return value;
    evaluation.offset = offset;
    return failUnresolvedName(name, isFunction, evaluation);
  };
}

function compileNodes(steps: readonly Step[], compilation: Compilation, compileNode: CompileNode): Evaluator {
  const [first, ...rest] = steps;
  if (first === undefined) return ({ scope }) => scope.nodes ?? null;
  if (!("key" in first)) {
    const id = compileNode(first.compute, compilation);
    return compileSteps((evaluation) => readNode(evaluation, id(evaluation)), rest, compilation, compileNode);
  }
  if (!isForbiddenKey(first.key)) compilation.nodeReferences.add(String(first.key));
  return compileSteps((evaluation) => readNode(evaluation, first.key), rest, compilation, compileNode);
}

function readNode({ scope }: Evaluation, id: unknown): unknown {
  if ((typeof id !== "string" && typeof id !== "number") || isForbiddenKey(id)) return null;
  return scope.node(String(id)) ?? null;
}

function compileSteps(
  root: Evaluator,
  steps: readonly Step[],
  compilation: Compilation,
  compileNode: CompileNode,
): Evaluator {
  if (steps.length === 0) return root;
  const keys = steps.map((step): Evaluator => {
    if (!("key" in step)) return compileNode(step.compute, compilation);
    const { key } = step;
    return () => key;
  });
  return (evaluation) => {
    evaluation.charge(keys.length);
    let value = root(evaluation);
    for (const key of keys) value = readStep(value, key(evaluation), evaluation);
    return value;
  };
}

const CHARACTERS_PER_INDEX_STEP = 4096;

/** Indexing a text the expression has joined first makes one flat copy of it, which costs its length. */
function readStep(value: unknown, key: unknown, evaluation: Evaluation): unknown {
  if (typeof value === "string") evaluation.charge(Math.floor(value.length / CHARACTERS_PER_INDEX_STEP));
  return readProperty(value, key);
}
