/* Calls of the allow-listed functions, and the arrow functions some of them take. */
import type { ArrowFunctionExpression, CallExpression, Identifier, MemberExpression, Node } from "acorn";
import { Arrow } from "../arrow.js";
import type { Evaluation } from "../evaluation.js";
import type { ExpressionFunction, FunctionDefinition } from "../functions/function-table.js";
import type { Compilation, Evaluator } from "./compilation.js";
import type { CompileNode } from "./compile-path.js";
import { closestName, hintForFunction, hintForMethod } from "./function-hint.js";

/** Compiles `name(arguments)`. */
export function compileCall(node: CallExpression, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const name = calledName(node, compilation);
  const definition = findFunction(name, node.callee, compilation);
  checkArguments(node, definition, compilation);
  const values = node.arguments.map((argument, position): Evaluator => {
    if (argument.type === "SpreadElement") {
      return compilation.fail(argument, `"..." is not possible in a call; pass the list itself`);
    }
    if (argument.type !== "ArrowFunctionExpression") return compileNode(argument, compilation);
    if (definition.arrowArgument !== position) compilation.fail(argument, arrowMessage(name));
    return compileArrow(argument, compilation, compileNode);
  });
  const { volatile } = definition;
  if (volatile === "always" || (volatile === "without_arguments" && values.length === 0)) compilation.isVolatile = true;
  const offset = compilation.offsetOf(node);
  return (evaluation) => callFunction(definition, { name, values, offset }, evaluation);
}

function callFunction(
  definition: FunctionDefinition,
  call: { readonly name: string; readonly values: readonly Evaluator[]; readonly offset: number },
  evaluation: Evaluation,
): unknown {
  const values: unknown[] = [];
  for (const value of call.values) values.push(value(evaluation));
  evaluation.charge(1 + values.length);
  evaluation.offset = call.offset;
  const result = definition.call(values, evaluation) ?? null;
  if (result instanceof Promise) {
    result.catch(() => undefined);
    evaluation.fail("expression_failed", `${call.name}() is asynchronous; functions of expressions answer at once`);
  }
  if (typeof result === "number" && !Number.isFinite(result)) {
    evaluation.fail("expression_failed", `the result of ${call.name}() is not a finite number`);
  }
  return typeof result === "function" ? null : result;
}

function calledName(node: CallExpression, compilation: Compilation): string {
  const { callee } = node;
  if (callee.type === "Identifier") return callee.name;
  if (callee.type === "MemberExpression") compilation.fail(callee.property, methodMessage(callee));
  return compilation.fail(callee, "only functions called by their name are possible, as in upper(text)");
}

function methodMessage({ object, property, computed }: MemberExpression): string {
  const method = !computed && property.type === "Identifier" ? property.name : "";
  const owner = object.type === "Identifier" ? object.name : "";
  const hint = hintForMethod(owner, method);
  const called = method === "" ? "methods" : `the method .${method}()`;
  return `${called} cannot be called${hint === undefined ? "; use a function, as in upper(x)" : `; use ${hint}`}`;
}

function findFunction(name: string, callee: Node, compilation: Compilation): FunctionDefinition {
  const { functions } = compilation;
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return toDefinition(name, found);
  const hint = hintForFunction(name) ?? closestName(name, Object.keys(functions));
  const message = `there is no function "${name.slice(0, 64)}"${hint === undefined ? "" : `; use ${hint}`}`;
  return compilation.fail(callee, message, "unknown_function");
}

function toDefinition(name: string, found: ExpressionFunction): FunctionDefinition {
  if (typeof found !== "function") return found;
  return {
    usage: `${name}(...)`,
    minArguments: 0,
    maxArguments: Number.POSITIVE_INFINITY,
    call: (values) => found(...values),
  };
}

function checkArguments(node: CallExpression, definition: FunctionDefinition, compilation: Compilation): void {
  const count = node.arguments.length;
  if (count >= definition.minArguments && count <= definition.maxArguments) return;
  compilation.fail(node, `wrong number of arguments (${count}); write ${definition.usage}`);
}

function arrowMessage(name: string): string {
  return `${name}() takes no arrow function here; map, filter, find, some, every, sort and reduce do`;
}

function compileArrow(node: ArrowFunctionExpression, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const names = node.params.map((parameter) => {
    if (parameter.type !== "Identifier") compilation.fail(parameter, "an arrow function's parameters are plain names");
    return (parameter as Identifier).name;
  });
  if (node.async || node.body.type === "BlockStatement") {
    compilation.fail(node, "an arrow function has a single value as its body");
  }
  return compilation.withParameters(names, (firstSlot) => {
    const body = compileNode(node.body, compilation);
    return (evaluation) =>
      new Arrow(names.length, (values) => runArrow(evaluation, firstSlot, values, names.length, body));
  });
}

function runArrow(
  evaluation: Evaluation,
  firstSlot: number,
  values: readonly unknown[],
  count: number,
  body: Evaluator,
): unknown {
  evaluation.charge(1);
  for (let position = 0; position < count; position += 1) {
    evaluation.locals[firstSlot + position] = values[position] ?? null;
  }
  return body(evaluation);
}
