import { tooMuch } from "./parse-failure.js";

/** Indentation and indicators (`-`, `?`, `:`) of one line: no block is nested deeper than there are of them. */
const MAX_BLOCK_COLUMNS = 256;
/** Stands before a scalar in the token stream. */
const SCALAR_MARK = "\u001f";

/**
 * Bounds the nesting of a YAML text by its tokens, before the parser recurses into it: a stack that is used up there can
 * end the process.
 * @throws FatalNodeError `content_too_large`
 */
export function checkYamlStructure(tokens: Iterable<string>, maxDepth: number): void {
  let flowDepth = 0;
  let blockColumns = 0;
  let isLineStart = true;
  let previous = "";
  for (const token of tokens) {
    const isScalar = previous === SCALAR_MARK;
    previous = token;
    if (!isScalar && (token === "[" || token === "{")) flowDepth += 1;
    else if (!isScalar && (token === "]" || token === "}")) flowDepth -= 1;
    else if (token.endsWith("\n")) blockColumns = 0;
    else if (isLineStart && !isScalar && token.trim() === "") blockColumns += token.length;
    else if (!isScalar && flowDepth <= 0 && (token === "-" || token === "?" || token === ":")) blockColumns += 1;
    isLineStart = token.endsWith("\n");
    if (flowDepth > maxDepth || blockColumns > MAX_BLOCK_COLUMNS) {
      throw tooMuch("The YAML is nested too deep", `\`maxDepth\` allows ${maxDepth}`);
    }
  }
}
