/*
 * Operators. A chain such as `a + b + c` leans left in the tree; it is compiled and run as a list, so that a long chain
 * needs no deep stack. Running the list from the left is also right for `&&`, `||` and `??` among the others.
 */
import type { BinaryExpression, Expression, LogicalExpression, Node, UnaryExpression } from "acorn";
import type { Evaluation } from "../evaluation.js";
import { describeKind, kindOf } from "../value-kind.js";
import { compareValues } from "../value-order.js";
import { toText } from "../value-text.js";
import type { Compilation, Evaluator } from "./compilation.js";
import type { CompileNode } from "./compile-path.js";

type ChainNode = BinaryExpression | LogicalExpression;
type Apply = (left: unknown, right: Evaluator, evaluation: Evaluation) => unknown;

/** Compiles a chain of binary and logical operators. */
export function compileChain(node: ChainNode, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const chain: ChainNode[] = [];
  let leftmost: Node = node;
  while (leftmost.type === "BinaryExpression" || leftmost.type === "LogicalExpression") {
    chain.push(leftmost as ChainNode);
    leftmost = (leftmost as ChainNode).left;
  }
  const first = compileNode(leftmost, compilation);
  const links = chain.reverse().map((link) => compileLink(link, compilation, compileNode));
  return (evaluation) => {
    let value = first(evaluation);
    for (const { apply, right, offset } of links) {
      evaluation.charge(1);
      evaluation.offset = offset;
      value = apply(value, right, evaluation);
    }
    return value;
  };
}

function compileLink(node: ChainNode, compilation: Compilation, compileNode: CompileNode) {
  const apply = OPERATORS.get(node.operator);
  if (apply === undefined) compilation.fail(node, refusedOperator(node.operator));
  return { apply, right: compileNode(node.right, compilation), offset: compilation.offsetOf(node.right) };
}

/** Compiles `!`, `-` and `+` before a value. */
export function compileUnary(node: UnaryExpression, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const { operator } = node;
  const argument = compileNode(node.argument, compilation);
  const offset = compilation.offsetOf(node);
  if (operator === "!") return (evaluation) => !argument(evaluation);
  if (operator === "typeof") compilation.fail(node, `"typeof" is not possible; use typeOf(value)`);
  if (operator !== "-" && operator !== "+") compilation.fail(node, refusedOperator(operator));
  return (evaluation) => {
    const value = argument(evaluation);
    evaluation.charge(1);
    evaluation.offset = offset;
    if (typeof value !== "number") failNumber(operator, value, evaluation);
    return operator === "-" ? -value : value;
  };
}

/** Compiles `test ? then : otherwise`. */
export function compileConditional(
  node: { readonly test: Expression; readonly consequent: Expression; readonly alternate: Expression },
  compilation: Compilation,
  compileNode: CompileNode,
): Evaluator {
  const test = compileNode(node.test, compilation);
  const consequent = compileNode(node.consequent, compilation);
  const alternate = compileNode(node.alternate, compilation);
  return (evaluation) => {
    evaluation.charge(1);
    return test(evaluation) ? consequent(evaluation) : alternate(evaluation);
  };
}

const OPERATORS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ["&&", (left, right, evaluation) => (left ? right(evaluation) : left)],
  ["||", (left, right, evaluation) => (left ? left : right(evaluation))],
  ["??", (left, right, evaluation) => left ?? right(evaluation)],
  ["==", (left, right, evaluation) => isSame(left, right(evaluation), evaluation)],
  ["===", (left, right, evaluation) => isSame(left, right(evaluation), evaluation)],
  ["!=", (left, right, evaluation) => !isSame(left, right(evaluation), evaluation)],
  ["!==", (left, right, evaluation) => !isSame(left, right(evaluation), evaluation)],
  ["<", (left, right, evaluation) => compareValues(left, right(evaluation), evaluation, "<") < 0],
  [">", (left, right, evaluation) => compareValues(left, right(evaluation), evaluation, ">") > 0],
  ["<=", (left, right, evaluation) => compareValues(left, right(evaluation), evaluation, "<=") <= 0],
  [">=", (left, right, evaluation) => compareValues(left, right(evaluation), evaluation, ">=") >= 0],
  ["+", (left, right, evaluation) => add(left, right(evaluation), evaluation)],
  ["-", arithmetic("-", (left, right) => left - right)],
  ["*", arithmetic("*", (left, right) => left * right)],
  ["/", arithmetic("/", (left, right) => left / right)],
  ["%", arithmetic("%", (left, right) => left % right)],
  ["**", arithmetic("**", (left, right) => left ** right)],
]);

const CHARACTERS_PER_COMPARISON_STEP = 4096;
const CHARACTERS_PER_JOIN_STEP = 256;

function isSame(left: unknown, right: unknown, evaluation: Evaluation): boolean {
  if (typeof left === "string" && typeof right === "string" && left.length === right.length) {
    evaluation.charge(Math.floor(left.length / CHARACTERS_PER_COMPARISON_STEP));
  }
  return left === right;
}

function add(left: unknown, right: unknown, evaluation: Evaluation): unknown {
  if (typeof left === "number" && typeof right === "number") return finite(left + right, evaluation);
  if (typeof left !== "string" && typeof right !== "string") {
    const kinds = `${describeKind(left)} and ${describeKind(right)}`;
    evaluation.fail(
      "expression_type",
      `"+" adds numbers or joins texts, not ${kinds}; use default() for missing values`,
    );
  }
  return joinTexts(toText(left, evaluation), toText(right, evaluation), evaluation);
}

/** The engine joins two texts without copying them until they are read: the shorter counts fully, the whole little. */
function joinTexts(left: string, right: string, evaluation: Evaluation): string {
  const length = left.length + right.length;
  const shorter = Math.min(left.length, right.length);
  evaluation.checkTextLength(length);
  evaluation.charge(
    Math.floor(shorter / CHARACTERS_PER_JOIN_STEP) + Math.floor(length / CHARACTERS_PER_COMPARISON_STEP),
  );
  return left + right;
}

function arithmetic(operator: string, compute: (left: number, right: number) => number): Apply {
  return (left, right, evaluation) => {
    const other = right(evaluation);
    if (typeof left !== "number") failNumber(operator, left, evaluation);
    if (typeof other !== "number") failNumber(operator, other, evaluation);
    return finite(compute(left, other), evaluation);
  };
}

function finite(result: number, evaluation: Evaluation): number {
  if (!Number.isFinite(result)) evaluation.fail("expression_failed", "the result is not a finite number");
  return result;
}

function failNumber(operator: string, value: unknown, evaluation: Evaluation): never {
  const hint = kindOf(value) === "text" ? "number(text)" : "default(value, 0)";
  return evaluation.fail("expression_type", `"${operator}" needs numbers, not ${describeKind(value)}; use ${hint}`);
}

function refusedOperator(operator: string): string {
  if (operator === "in") return `"in" is not possible; use has(object, key) or includes(list, value)`;
  if (operator === "instanceof") return `"instanceof" is not possible; use typeOf(value)`;
  return `the operator "${operator}" is not part of the expression language`;
}
