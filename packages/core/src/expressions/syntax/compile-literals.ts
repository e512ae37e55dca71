/* Lists, objects and texts with values in them. */
import type { ArrayExpression, Literal, ObjectExpression, Property, SpreadElement, TemplateLiteral } from "acorn";
import type { Evaluation } from "../evaluation.js";
import { isKeyedObject, setOwnProperty } from "../own-property.js";
import { describeKind } from "../value-kind.js";
import { toText } from "../value-text.js";
import type { Compilation, Evaluator } from "./compilation.js";
import type { CompileNode } from "./compile-path.js";

/** Compiles a number, text, boolean or null. */
export function compileLiteral(node: Literal, compilation: Compilation): Evaluator {
  if (node.regex !== undefined && node.regex !== null) {
    compilation.fail(node, "patterns between slashes are not possible; use matches(text, pattern)");
  }
  if (typeof node.value === "bigint" || node.bigint) compilation.fail(node, "big integers are not possible");
  const value = node.value ?? null;
  if (typeof value === "number" && !Number.isFinite(value)) compilation.fail(node, "the number is too large");
  return () => value;
}

/** Compiles a text between backticks. */
export function compileTemplateLiteral(
  node: TemplateLiteral,
  compilation: Compilation,
  compileNode: CompileNode,
): Evaluator {
  const texts = node.quasis.map((quasi) => quasi.value.cooked ?? "");
  const values = node.expressions.map((expression) => compileNode(expression, compilation));
  return (evaluation) => {
    const parts: string[] = [texts[0] ?? ""];
    for (const [index, value] of values.entries()) {
      parts.push(toText(value(evaluation), evaluation), texts[index + 1] ?? "");
    }
    return joinParts(parts, evaluation);
  };
}

/** Joins texts, counting one step for each and its length. */
export function joinParts(parts: readonly string[], evaluation: Evaluation): string {
  let length = 0;
  for (const part of parts) length += part.length;
  evaluation.charge(parts.length);
  evaluation.chargeText(length);
  return parts.join("");
}

/** Compiles `[a, ...b]`. */
export function compileArray(node: ArrayExpression, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const parts = node.elements.map((element): ((list: unknown[], evaluation: Evaluation) => void) => {
    if (element === null) return compilation.fail(node, "a list has no empty places; write null");
    if (element.type === "SpreadElement") return compileListSpread(element, compilation, compileNode);
    const value = compileNode(element, compilation);
    return (list, evaluation) => {
      list.push(value(evaluation));
    };
  });
  return (evaluation) => {
    evaluation.charge(1 + parts.length);
    const list: unknown[] = [];
    for (const add of parts) add(list, evaluation);
    return list;
  };
}

function compileListSpread(element: SpreadElement, compilation: Compilation, compileNode: CompileNode) {
  const value = compileNode(element.argument, compilation);
  const offset = compilation.offsetOf(element);
  return (list: unknown[], evaluation: Evaluation): void => {
    const spread = value(evaluation) ?? [];
    evaluation.offset = offset;
    if (!Array.isArray(spread)) {
      evaluation.fail("expression_type", `"..." in a list needs a list, not ${describeKind(spread)}`);
    }
    evaluation.charge(spread.length);
    for (const part of spread) list.push(part ?? null);
  };
}

type AddProperty = (object: Record<string, unknown>, evaluation: Evaluation) => void;

/** Compiles `{ a, b: 1, [c]: 2, ...d }`. */
export function compileObject(node: ObjectExpression, compilation: Compilation, compileNode: CompileNode): Evaluator {
  const parts = node.properties.map((property) =>
    property.type === "SpreadElement"
      ? compileObjectSpread(property, compilation, compileNode)
      : compileProperty(property, compilation, compileNode),
  );
  return (evaluation) => {
    evaluation.charge(1 + parts.length);
    const object: Record<string, unknown> = {};
    for (const add of parts) add(object, evaluation);
    return object;
  };
}

function compileProperty(property: Property, compilation: Compilation, compileNode: CompileNode): AddProperty {
  if (property.kind !== "init" || property.method) compilation.fail(property, "an object holds values, not functions");
  const value = compileNode(property.value, compilation);
  const { key } = property;
  if (!property.computed) {
    const name = key.type === "Identifier" ? key.name : String((key as Literal).value);
    if (name === "__proto__") compilation.fail(key, `the key "__proto__" is not possible`);
    return (object, evaluation) => setOwnProperty(object, name, value(evaluation));
  }
  const computedKey = compileNode(key, compilation);
  return (object, evaluation) => {
    const name = toText(computedKey(evaluation), evaluation);
    setOwnProperty(object, name, value(evaluation));
  };
}

function compileObjectSpread(element: SpreadElement, compilation: Compilation, compileNode: CompileNode): AddProperty {
  const value = compileNode(element.argument, compilation);
  const offset = compilation.offsetOf(element);
  return (object, evaluation) => {
    const spread = keyedObjectOf(value(evaluation), offset, evaluation);
    const keys = Object.keys(spread);
    evaluation.charge(keys.length);
    for (const key of keys) setOwnProperty(object, key, spread[key]);
  };
}

function keyedObjectOf(value: unknown, offset: number, evaluation: Evaluation): Readonly<Record<string, unknown>> {
  if (value === null || isKeyedObject(value)) return value ?? {};
  evaluation.offset = offset;
  return evaluation.fail("expression_type", `"..." in an object needs an object, not ${describeKind(value)}`);
}
