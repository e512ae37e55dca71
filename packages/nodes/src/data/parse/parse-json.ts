import { parseFailure, tooMuch } from "./parse-failure.js";

/**
 * Parses JSON of bounded depth. A name that occurs twice has its last value.
 * @throws FatalNodeError `parse_failed`, or `content_too_large` when it is nested deeper than `maxDepth`
 */
export function parseJson(text: string, maxDepth: number): unknown {
  const depth = nestingOf(text);
  if (depth > maxDepth) throw tooMuch(`The JSON is nested ${depth} deep`, `\`maxDepth\` allows ${maxDepth}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const offset = /position (\d+)/.exec((error as Error).message)?.[1];
    const reason = offset === undefined ? "it ends too early or holds nothing." : `unexpected at offset ${offset}.`;
    throw parseFailure("JSON", reason, offset === undefined ? {} : { offset: Number(offset) });
  }
}

/** Deepest nesting of brackets outside of strings. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === BACKSLASH) index += 1;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) inString = true;
    else if (character === OPEN_BRACKET || character === OPEN_BRACE) deepest = Math.max(deepest, ++depth);
    else if (character === CLOSE_BRACKET || character === CLOSE_BRACE) depth -= 1;
  }
  return deepest;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
