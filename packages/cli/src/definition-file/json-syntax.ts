/**
 * Finds the place where JSON goes wrong. `JSON.parse` says what is wrong, but on Node 20 it names no position for most
 * mistakes. A state machine over tokens; it keeps its own stack, so deep nesting cannot overflow the call stack.
 */

const WHITESPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

type Expectation = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or end" | "nothing";

export interface JsonSyntaxError {
  /** Zero-based offset of the first character that does not fit. */
  readonly offset: number;
  readonly expected: string;
}

const EXPECTED: Readonly<Record<Expectation, string>> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  key: "a property name in double quotes",
  "key or }": 'a property name in double quotes or "}"',
  colon: '":"',
  "comma or end": '"," or the closing bracket',
  nothing: "the end of the text",
};

/** The first syntax error of `text`; undefined when it is JSON. */
export function findJsonSyntaxError(text: string): JsonSyntaxError | undefined {
  const open: ("{" | "[")[] = [];
  let expectation: Expectation = "value";
  let offset = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    if (match !== null) offset = pattern.lastIndex;
    return match !== null;
  };
  const afterValue = (): Expectation => (open.length === 0 ? "nothing" : "comma or end");

  for (;;) {
    take(WHITESPACE);
    const character = text[offset];
    if (character === undefined) {
      return expectation === "nothing" ? undefined : { offset, expected: EXPECTED[expectation] };
    }
    const wasAt = offset;
    switch (expectation) {
      case "value":
      case "value or ]":
        if (character === "{" || character === "[") {
          open.push(character);
          offset += 1;
          expectation = character === "{" ? "key or }" : "value or ]";
        } else if (character === "]" && expectation === "value or ]") {
          open.pop();
          offset += 1;
          expectation = afterValue();
        } else if (take(STRING) || take(SCALAR)) {
          expectation = afterValue();
        }
        break;
      case "key":
      case "key or }":
        if (character === "}" && expectation === "key or }") {
          open.pop();
          offset += 1;
          expectation = afterValue();
        } else if (take(STRING)) {
          expectation = "colon";
        }
        break;
      case "colon":
        if (character === ":") {
          offset += 1;
          expectation = "value";
        }
        break;
      case "comma or end": {
        const innermost = open.at(-1);
        if (character === ",") {
          offset += 1;
          expectation = innermost === "{" ? "key" : "value";
        } else if (character === (innermost === "{" ? "}" : "]")) {
          open.pop();
          offset += 1;
          expectation = afterValue();
        }
        break;
      }
      case "nothing":
        break;
    }
    if (offset === wasAt) return { offset, expected: EXPECTED[expectation] };
  }
}
