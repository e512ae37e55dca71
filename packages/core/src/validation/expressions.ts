import { ExpressionError } from "../errors/errors.js";
import { compileExpression } from "../expressions/compile-expression.js";
import { compileTemplate, hasTemplate } from "../expressions/compile-template.js";
import type { CompiledExpression } from "../expressions/compiled-expression.js";
import type { FunctionTable } from "../expressions/functions/function-table.js";
import { childPointer } from "./json-pointer.js";
import { isPlainObject } from "./plain-object.js";
import { readPlainReference } from "./plain-reference.js";
import { quote } from "./quote.js";
import type { CheckedNode, Scope } from "./scope.js";
import { containerPath } from "./shape.js";
import { visitTemplates } from "./template-text.js";
import type { ValidationContext } from "./validation-context.js";

/** A text with an expression, and the node whose it is; undefined for the settings. */
interface ExpressionPlace {
  readonly pointer: string;
  readonly node: CheckedNode | undefined;
}

/** Checks the expressions of a scope: that they can be parsed, and that the nodes they name exist. */
export class ExpressionChecker {
  readonly #context: ValidationContext;
  readonly #functions: FunctionTable | undefined;

  constructor(context: ValidationContext, functions: FunctionTable | undefined) {
    this.#context = context;
    this.#functions = functions;
  }

  /** The parameters of a node, except those that are bodies. Nodes that are named go to the references of their scope. */
  checkNode(node: CheckedNode, scope: Scope): void {
    const { type, data } = node;
    const dataPointer = childPointer(node.pointer, "data");
    for (const [key, value] of Object.entries(data)) {
      if (key === "label" || type?.bodies?.includes(key)) continue;
      const pointer = childPointer(dataPointer, key);
      if (typeof value === "string" && type?.deferred?.includes(key) && !hasTemplate(value)) {
        this.#check(scope, { pointer, node }, () => compileExpression(value, undefined, this.#functions));
      } else {
        visitTemplates(value, pointer, (text, at) => this.#checkTemplate(scope, { pointer: at, node }, text));
      }
    }
  }

  /** The key expressions of the settings; they run before any node. */
  checkSettings(scope: Scope): void {
    const { settings } = scope.definition;
    if (!isPlainObject(settings)) return;
    for (const name of ["concurrency", "rateLimit"]) {
      const value = settings[name];
      if (!isPlainObject(value) || typeof value.key !== "string" || !hasTemplate(value.key)) continue;
      const pointer = childPointer(childPointer(childPointer(scope.pointer, "settings"), name), "key");
      this.#checkTemplate(scope, { pointer, node: undefined }, value.key);
    }
  }

  #checkTemplate(scope: Scope, place: ExpressionPlace, text: string): void {
    const reference = readPlainReference(text);
    if (reference !== undefined) this.#refer(scope, place, reference);
    else this.#check(scope, place, () => compileTemplate(text, undefined, this.#functions));
  }

  #check(scope: Scope, place: ExpressionPlace, compile: () => Pick<CompiledExpression, "nodeReferences">): void {
    let references: readonly string[];
    try {
      references = compile().nodeReferences;
    } catch (error) {
      const offset = error instanceof ExpressionError ? error.offset : 0;
      const message = error instanceof Error ? error.message : "The expression cannot be parsed.";
      this.#context.issues.error("expression_syntax", message, {
        path: place.pointer,
        nodeId: nodePath(scope, place),
        details: { offset },
      });
      return;
    }
    for (const id of references) this.#refer(scope, place, id);
  }

  /** Looks a node up as the run does: in this definition, then in those around it. */
  #refer(scope: Scope, place: ExpressionPlace, id: string): void {
    const path = nodePath(scope, place);
    if (place.node === undefined) {
      this.#reportUnknown(
        `The setting names node ${quote(id)}, but it is read before any node runs; use trigger instead.`,
        { pointer: place.pointer, path, id },
      );
      return;
    }
    let from = place.node.index;
    let at: Scope | undefined = scope;
    while (at !== undefined) {
      const to = at.nodeById.get(id);
      if (to !== undefined) {
        at.references.push({ from, to, pointer: place.pointer, nodePath: path });
        return;
      }
      from = at.outer?.container ?? from;
      at = at.outer?.scope;
    }
    this.#reportUnknown(
      `The expression names node ${quote(id)}, which is not in the definition; correct the id or add the node.`,
      { pointer: place.pointer, path, id },
    );
  }

  #reportUnknown(
    message: string,
    place: { readonly pointer: string; readonly path: string | undefined; readonly id: string },
  ): void {
    this.#context.issues.error("expression_unknown_reference", message, {
      path: place.pointer,
      nodeId: place.path,
      details: { reference: place.id },
    });
  }
}

function nodePath(scope: Scope, place: ExpressionPlace): string | undefined {
  return place.node === undefined ? containerPath(scope) : place.node.path;
}
