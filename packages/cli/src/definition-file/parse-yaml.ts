import { usageError } from "../command-error.js";
import { printable } from "../printable.js";
import { placeOf } from "./text-place.js";

/** Uses of anchors in one file; more is an attempt to blow up memory. */
const MAX_ALIASES = 100;

/**
 * Parses one YAML 1.2 document of plain data: no custom tags, no duplicate keys, few aliases.
 * @throws ConfigurationError `invalid_configuration` with the line and column of the first mistake
 */
export async function parseYaml(text: string, source: string): Promise<unknown> {
  // Loaded only for YAML: most definitions are JSON.
  const { parseDocument } = await import("yaml");
  try {
    const document = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: true, prettyErrors: false });
    // A warning is an unresolved tag or the like: the data would not be what was written.
    const mistake = document.errors[0] ?? document.warnings[0];
    // The parser catches its own stack overflow and reports it as a mistake of the text.
    if (mistake?.message.includes("call stack")) throw tooDeep(source);
    if (mistake !== undefined) throw mistakeAt(text, source, mistake.pos[0], mistake.message);
    // Through JSON: a copy without shared parts, and an error for an anchor that contains itself.
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIASES })) ?? "null");
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(source);
    if (error instanceof ReferenceError)
      throw usageError(`${source}: the YAML uses too many aliases (limit ${MAX_ALIASES}).`);
    if (error instanceof TypeError) throw usageError(`${source}: the YAML has an anchor that contains itself.`);
    throw error;
  }
}

function tooDeep(source: string): Error {
  return usageError(`${source}: the YAML is nested too deeply.`);
}

function mistakeAt(text: string, source: string, offset: number, message: string): Error {
  const { line, column } = placeOf(text, offset);
  return usageError(`${source}:${line}:${column}: not valid YAML: ${printable(message)}.`, { line, column });
}
