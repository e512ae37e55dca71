import type { Expression, Node, Parser } from "acorn";
import { loadModule } from "../../shared/load-module.js";
import type { ExpressionLimits } from "../expression-limits.js";
import { expressionErrorAt, type SourceSite } from "../source-site.js";
import { scanSource } from "./scan-source.js";

/** An expression's tree; a node's `start` is one past its offset in the source. */
export interface ParsedSource {
  readonly tree: Expression;
  /** Offset, in the site's text, of the end of the expression. */
  readonly end: number;
}

/** What a node's `start` is ahead of its offset, because the source is parsed inside parentheses. */
export const PARSE_OFFSET = 1;

/** The parts of acorn's parser that a plugin may override; its declarations leave them out. */
interface ParserInternals {
  readonly type: unknown;
  parseExprAtom(...context: readonly unknown[]): Node;
  parseIdent(isLiberal: boolean): Node;
}

let expressionParser: typeof Parser | undefined;

/** Loaded with the first expression. `default` is a keyword to acorn but a function here. */
function parser(): typeof Parser {
  if (expressionParser !== undefined) return expressionParser;
  const { Parser, tokTypes } = loadModule<typeof import("acorn")>("acorn");
  expressionParser = Parser.extend((Base) => {
    const prototype = Base.prototype as unknown as ParserInternals;
    class WithDefault extends Base {
      parseExprAtom(this: ParserInternals, ...context: readonly unknown[]): Node {
        return this.type === tokTypes._default
          ? this.parseIdent(true)
          : prototype.parseExprAtom.apply(this, [...context]);
      }
    }
    return WithDefault;
  });
  return expressionParser;
}

/**
 * Parses the expression at the site's start, up to the end of the text or the `}}` of a template.
 *
 * @throws ExpressionError `expression_syntax` or `expression_limit`
 */
export function parseSource(site: SourceSite, limits: ExpressionLimits, isInTemplate: boolean): ParsedSource {
  const end = scanSource({ site, limits, isInTemplate });
  const code = site.text.slice(site.start, end);
  if (code.trim() === "") {
    throw expressionErrorAt({ site, offset: 0 }, { code: "expression_syntax", message: "the expression is empty" });
  }
  return { tree: parseCode(code, site), end };
}

function parseCode(code: string, site: SourceSite): Expression {
  let failure: unknown;
  try {
    const program = parser().parse(`(${code}\n)`, { ecmaVersion: 2022, sourceType: "script" });
    const [statement] = program.body;
    if (program.body.length === 1 && statement?.type === "ExpressionStatement") return statement.expression;
  } catch (error) {
    failure = error;
  }
  const isTooDeep = failure instanceof RangeError;
  throw expressionErrorAt(
    { site, offset: Math.min(parseErrorOffset(failure), code.length) },
    isTooDeep
      ? { code: "expression_limit", message: "the expression is nested too deep" }
      : { code: "expression_syntax", message: parseErrorMessage(failure), cause: failure },
  );
}

function parseErrorOffset(failure: unknown): number {
  const position = (failure as { readonly pos?: unknown } | undefined)?.pos;
  return typeof position === "number" ? Math.max(0, position - PARSE_OFFSET) : 0;
}

function parseErrorMessage(failure: unknown): string {
  if (!(failure instanceof Error)) return "this is not a single value";
  const message = failure.message.replace(/ \(\d+:\d+\)$/, "");
  return message === "Unexpected token" ? "unexpected token or end; a value is missing or misplaced" : message;
}
