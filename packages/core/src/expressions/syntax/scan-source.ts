/*
 * Reads the source of an expression before the parser does: finds where it ends inside a template, and refuses what
 * would make the parser recurse without bound. It keeps a stack of open brackets and knows at each point whether an
 * operand or an operator is due, which tells `/` the division from `/` the start of a pattern.
 *
 * Nesting is the number of open brackets plus, at each level, the pending prefix operators, ternaries, arrows and
 * `**`, which nest without brackets.
 */
import { type ExpressionLimits, MAX_OPERATORS } from "../expression-limits.js";
import { expressionErrorAt, type SourceSite } from "../source-site.js";

/** What to scan and how it ends. */
export interface ScanOptions {
  readonly site: SourceSite;
  readonly limits: ExpressionLimits;
  /** Whether the expression ends at `}}` rather than at the end of the text. */
  readonly isInTemplate: boolean;
}

/** Returns the offset, in the site's text, of the end of the expression that starts at the site's start. */
export function scanSource(options: ScanOptions): number {
  return new SourceScanner(options).scan();
}

interface Level {
  readonly opener: "" | "(" | "[" | "{" | "${";
  readonly openedAt: number;
  /** Pending prefix operators. */
  prefixes: number;
  /** Ternaries, arrows and powers since the last comma. */
  rightNested: number;
}

const CLOSERS: Readonly<Record<string, string>> = { ")": "(", "]": "[" };
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const SPACE = /\s+/uy;
const OPERATOR = /=>|\*\*=?|===?|!==?|<=|>=|&&=?|\|\|=?|\?\?=?|\?\.(?!\d)|\.\.\.|\+\+|--|[-+*/%=!<>&|^~?:,.;]/y;
const PREFIX_WORDS: ReadonlySet<string> = new Set(["typeof", "void", "delete", "new", "await", "yield", "async"]);
const OPERATOR_WORDS: ReadonlySet<string> = new Set(["in", "instanceof", "of"]);
const REFUSED_WORDS: ReadonlySet<string> = new Set(["function", "class", "import", "super"]);

class SourceScanner {
  readonly #text: string;
  readonly #site: SourceSite;
  readonly #limits: ExpressionLimits;
  readonly #isInTemplate: boolean;
  readonly #levels: Level[] = [];
  #position: number;
  #nesting = 0;
  #operators = 0;
  #isOperandDue = true;
  #isPropertyDue = false;

  constructor({ site, limits, isInTemplate }: ScanOptions) {
    this.#site = site;
    this.#text = site.text;
    this.#limits = limits;
    this.#isInTemplate = isInTemplate;
    this.#position = site.start;
    this.#levels.push({ opener: "", openedAt: site.start, prefixes: 0, rightNested: 0 });
  }

  scan(): number {
    while (this.#position < this.#text.length) {
      this.#checkLength();
      if (this.#isAtEnd()) return this.#position;
      this.#scanToken();
    }
    return this.#finish();
  }

  #isAtEnd(): boolean {
    return this.#isInTemplate && this.#levels.length === 1 && this.#text.startsWith("}}", this.#position);
  }

  #finish(): number {
    this.#checkLength();
    const open = this.#top();
    if (this.#isInTemplate) this.#fail(`"{{" is not closed by "}}"`, this.#site.start - 2);
    if (open.opener !== "") this.#fail(`"${open.opener}" is not closed`, open.openedAt);
    return this.#position;
  }

  #checkLength(): void {
    const { maxSourceLength } = this.#limits;
    if (this.#position - this.#site.start <= maxSourceLength) return;
    throw this.#error("expression_limit", `an expression has at most ${maxSourceLength} characters`, this.#site.start);
  }

  #scanToken(): void {
    const character = this.#text.charAt(this.#position);
    if (this.#match(SPACE) !== undefined) return;
    if (character === '"' || character === "'") return this.#scanString(character);
    if (character === "`") return this.#scanTemplateLiteral(this.#position + 1);
    if (character === "(" || character === "[" || character === "{") return this.#open(character);
    if (character === ")" || character === "]" || character === "}") return this.#close(character);
    const number = this.#isPropertyDue ? undefined : this.#match(NUMBER);
    if (number !== undefined) return this.#endOperand();
    const wordAt = this.#position;
    const word = this.#match(WORD);
    if (word !== undefined) return this.#endWord(word, wordAt);
    this.#scanOperator();
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const matched = pattern.exec(this.#text)?.[0];
    if (matched !== undefined) this.#position += matched.length;
    return matched;
  }

  #endOperand(): void {
    this.#isOperandDue = false;
    this.#isPropertyDue = false;
  }

  #endWord(word: string, at: number): void {
    if (this.#isPropertyDue || this.#isObjectKey()) return this.#endOperand();
    if (this.#isOperandDue && REFUSED_WORDS.has(word))
      this.#fail(`"${word}" is not part of the expression language`, at);
    if (this.#isOperandDue && PREFIX_WORDS.has(word)) return this.#nestPrefix(at);
    if (!this.#isOperandDue && OPERATOR_WORDS.has(word)) return this.#endBinary(at);
    this.#endOperand();
  }

  #isObjectKey(): boolean {
    return this.#isOperandDue && this.#top().opener === "{" && this.#nextCharacter() === ":";
  }

  #nextCharacter(): string {
    let position = this.#position;
    while (/\s/u.test(this.#text.charAt(position))) position += 1;
    return this.#text.charAt(position);
  }

  #scanString(quote: string): void {
    const openedAt = this.#position;
    let position = openedAt + 1;
    while (position < this.#text.length) {
      const character = this.#text.charAt(position);
      if (character === quote) {
        this.#position = position + 1;
        return this.#endOperand();
      }
      if (character === "\n" || character === "\r") break;
      position += character === "\\" ? 2 : 1;
    }
    this.#fail(`the text that starts with ${quote} is not closed`, openedAt);
  }

  #scanTemplateLiteral(from: number): void {
    let position = from;
    while (position < this.#text.length) {
      const character = this.#text.charAt(position);
      if (character === "`") {
        this.#position = position + 1;
        return this.#endOperand();
      }
      if (character === "$" && this.#text.charAt(position + 1) === "{") {
        this.#position = position;
        return this.#open("${");
      }
      position += character === "\\" ? 2 : 1;
    }
    this.#fail("the text that starts with ` is not closed", from - 1);
  }

  #open(opener: Exclude<Level["opener"], "">): void {
    const at = this.#position;
    if (opener === "{" && !this.#isOperandDue) this.#fail(`unexpected "{"`, at);
    this.#levels.push({ opener, openedAt: at, prefixes: 0, rightNested: 0 });
    this.#nest(1, at);
    this.#position += opener.length;
    this.#isOperandDue = true;
    this.#isPropertyDue = false;
  }

  #close(closer: string): void {
    const level = this.#top();
    const isMatching =
      closer === "}" ? level.opener === "{" || level.opener === "${" : level.opener === CLOSERS[closer];
    if (!isMatching) this.#fail(`unexpected "${closer}"`, this.#position);
    this.#nesting -= 1 + level.prefixes + level.rightNested;
    this.#levels.pop();
    this.#position += 1;
    if (level.opener === "${") return this.#scanTemplateLiteral(this.#position);
    this.#endOperand();
  }

  #scanOperator(): void {
    const at = this.#position;
    if (this.#text.startsWith("//", at) || this.#text.startsWith("/*", at)) {
      this.#fail("comments are not part of the expression language", at);
    }
    const operator = this.#match(OPERATOR);
    if (operator === undefined) this.#fail(`unexpected character "${this.#characterAt(at)}"`, at);
    switch (operator) {
      case ".":
      case "?.":
        this.#isPropertyDue = true;
        return;
      case ",":
        return this.#endElement();
      case "?":
      case "**":
        this.#top().rightNested += 1;
        this.#nest(1, at);
        return this.#endBinary(at);
      case "=>":
        return this.#endArrow(at);
      case ":":
      case "...":
        return this.#endBinary(at);
      case ";":
        return this.#fail(`unexpected ";"; an expression is a single value`, at);
      case "++":
      case "--":
        return this.#fail(`"${operator}" is not part of the expression language`, at);
      default:
        return this.#scanSymbol(operator, at);
    }
  }

  #scanSymbol(operator: string, at: number): void {
    if (operator.endsWith("=") && !["==", "===", "!=", "!==", "<=", ">="].includes(operator)) {
      this.#fail(`nothing can be assigned; use "==" to compare`, at);
    }
    if (!this.#isOperandDue) return this.#endBinary(at);
    if (operator === "/") this.#fail("patterns between slashes are not possible; use matches(text, pattern)", at);
    if (["!", "-", "+", "~"].includes(operator)) return this.#nestPrefix(at);
    this.#fail(`unexpected "${operator}"`, at);
  }

  #endArrow(at: number): void {
    if (this.#nextCharacter() === "{") {
      this.#fail("an arrow function has a value as its body; put an object in parentheses: x => ({ ... })", at);
    }
    this.#top().rightNested += 1;
    this.#nest(1, at);
    this.#endBinary(at);
  }

  #endBinary(at: number): void {
    this.#countOperator(at);
    this.#releasePrefixes();
    this.#isOperandDue = true;
    this.#isPropertyDue = false;
  }

  #endElement(): void {
    const level = this.#top();
    this.#nesting -= level.rightNested;
    level.rightNested = 0;
    this.#releasePrefixes();
    this.#isOperandDue = true;
    this.#isPropertyDue = false;
  }

  #releasePrefixes(): void {
    const level = this.#top();
    this.#nesting -= level.prefixes;
    level.prefixes = 0;
  }

  #nestPrefix(at: number): void {
    this.#top().prefixes += 1;
    this.#nest(1, at);
    this.#isOperandDue = true;
  }

  #nest(depth: number, at: number): void {
    this.#nesting += depth;
    const { maxNesting } = this.#limits;
    if (this.#nesting > maxNesting) {
      throw this.#error("expression_limit", `an expression is nested at most ${maxNesting} deep`, at);
    }
  }

  #countOperator(at: number): void {
    this.#operators += 1;
    if (this.#operators > MAX_OPERATORS) {
      throw this.#error("expression_limit", `an expression has at most ${MAX_OPERATORS} operators`, at);
    }
  }

  #characterAt(at: number): string {
    return String.fromCodePoint(this.#text.codePointAt(at) ?? 0);
  }

  #top(): Level {
    const level = this.#levels.at(-1);
    if (level === undefined) throw new RangeError("the scanner closed more than it opened");
    return level;
  }

  #fail(message: string, at: number): never {
    throw this.#error("expression_syntax", message, at);
  }

  #error(code: "expression_syntax" | "expression_limit", message: string, at: number): Error {
    return expressionErrorAt({ site: this.#site, offset: Math.max(0, at) - this.#site.start }, { code, message });
  }
}
