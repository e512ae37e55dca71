import { usageError } from "../command-error.js";
import { printable } from "../printable.js";
import { findJsonSyntaxError } from "./json-syntax.js";
import { placeOf } from "./text-place.js";

/**
 * Parses JSON; `source` names the text in the error.
 * @throws ConfigurationError `invalid_configuration` with the line and column of the first mistake
 */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const mistake = findJsonSyntaxError(text);
    if (mistake === undefined) throw cause;
    const { line, column } = placeOf(text, mistake.offset);
    const found = text[mistake.offset];
    const foundText = found === undefined ? "the end of the text" : `"${printable(found)}"`;
    throw usageError(`${source}:${line}:${column}: not valid JSON: expected ${mistake.expected}, found ${foundText}.`, {
      line,
      column,
    });
  }
}
