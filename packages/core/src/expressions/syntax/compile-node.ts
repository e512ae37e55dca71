import type { AnyNode, Node } from "acorn";
import type { Compilation, Evaluator } from "./compilation.js";
import { compileCall } from "./compile-call.js";
import { compileArray, compileLiteral, compileObject, compileTemplateLiteral } from "./compile-literals.js";
import { compileChain, compileConditional, compileUnary } from "./compile-operators.js";
import { compilePath } from "./compile-path.js";

/** Compiles a part of an expression: the allow-list of what the language has. */
export function compileNode(node: Node, compilation: Compilation): Evaluator {
  const part = node as AnyNode;
  switch (part.type) {
    case "Literal":
      return compileLiteral(part, compilation);
    case "Identifier":
    case "MemberExpression":
    case "ChainExpression":
      return compileChainable(part, compilation);
    case "BinaryExpression":
    case "LogicalExpression":
      return compileChain(part, compilation, compileNode);
    case "UnaryExpression":
      return compileUnary(part, compilation, compileNode);
    case "ConditionalExpression":
      return compileConditional(part, compilation, compileNode);
    case "ArrayExpression":
      return compileArray(part, compilation, compileNode);
    case "ObjectExpression":
      return compileObject(part, compilation, compileNode);
    case "TemplateLiteral":
      return compileTemplateLiteral(part, compilation, compileNode);
    case "CallExpression":
      return compileCall(part, compilation, compileNode);
    default:
      return compilation.fail(node, refusal(part));
  }
}

/** `a?.b` and `f?.()` are both chains to the parser. */
function compileChainable(part: AnyNode, compilation: Compilation): Evaluator {
  if (part.type === "ChainExpression" && part.expression.type === "CallExpression") {
    return compileCall(part.expression, compilation, compileNode);
  }
  return compilePath(part, compilation, compileNode);
}

function refusal(part: AnyNode): string {
  switch (part.type) {
    case "ArrowFunctionExpression":
      return "an arrow function is only possible as an argument of map, filter, find, some, every, sort or reduce";
    case "NewExpression":
      return `"new" is not possible; use a function, as in date(x)`;
    case "SequenceExpression":
      return "an expression is a single value, without commas";
    case "ThisExpression":
      return `"this" is not possible; use input, item or vars`;
    default:
      return "this is not part of the expression language";
  }
}
