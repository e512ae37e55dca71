import type { Node } from "acorn";
import type { Evaluation } from "../evaluation.js";
import type { FunctionTable } from "../functions/function-table.js";
import { type ExpressionErrorCode, expressionErrorAt, type SourceSite } from "../source-site.js";
import { PARSE_OFFSET } from "./parse-source.js";

/** A part of an expression, ready to run. */
export type Evaluator = (evaluation: Evaluation) => unknown;

/** What is gathered while an expression is compiled: the names it uses and the arrow parameters in sight. */
export class Compilation {
  readonly site: SourceSite;
  readonly functions: FunctionTable;
  readonly names = new Set<string>();
  readonly nodeReferences = new Set<string>();
  isVolatile = false;
  readonly #parameters: { readonly name: string; readonly slot: number }[] = [];

  constructor(site: SourceSite, functions: FunctionTable) {
    this.site = site;
    this.functions = functions;
  }

  /** The slot of an arrow parameter in sight, the innermost first. */
  slotOf(name: string): number | undefined {
    return this.#parameters.findLast((parameter) => parameter.name === name)?.slot;
  }

  /** Runs `compile` with arrow parameters in sight; it is given the slot of the first, the others follow. */
  withParameters<Result>(names: readonly string[], compile: (firstSlot: number) => Result): Result {
    const firstSlot = this.#parameters.length;
    for (const [position, name] of names.entries()) this.#parameters.push({ name, slot: firstSlot + position });
    try {
      return compile(firstSlot);
    } finally {
      this.#parameters.length = firstSlot;
    }
  }

  /** Offset of a node in the expression. */
  offsetOf(node: Node): number {
    return Math.max(0, node.start - PARSE_OFFSET);
  }

  /** Ends the compilation with an ExpressionError at a node. */
  fail(node: Node, message: string, code: ExpressionErrorCode = "expression_syntax"): never {
    throw expressionErrorAt({ site: this.site, offset: this.offsetOf(node) }, { code, message });
  }
}
