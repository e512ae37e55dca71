import { AutomatrixError } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { parseJson } from "../definition-file/parse-json.js";
import { readTextFile } from "../definition-file/read-definition-file.js";
import { printable } from "../printable.js";
import type { Streams } from "../streams.js";

/** Far more than a credential may have. */
const MAX_INPUT_BYTES = 1024 * 1024;

/**
 * The value of a credential: a JSON object from a file or from standard input. No error quotes any of it.
 * @throws ConfigurationError `invalid_configuration`
 */
export async function readCredentialValue(
  valueFile: string | undefined,
  streams: Streams,
): Promise<Readonly<Record<string, unknown>>> {
  const source = valueFile === undefined ? "standard input" : printable(valueFile);
  const value = parse(valueFile === undefined ? await readInput(streams) : readTextFile(valueFile), source);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw usageError(`The value of a credential is a JSON object such as {"token":"…"}; ${source} holds something else.`);
}

async function readInput({ readInput, inputIsTerminal }: Streams): Promise<string> {
  if (inputIsTerminal)
    throw usageError("What is typed here would be seen; pipe the value in, or name its file with --value-file.");
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of readInput()) {
    bytes += piece.byteLength;
    if (bytes > MAX_INPUT_BYTES) throw usageError("Standard input is larger than 1 MiB, far more than a credential.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** The message of the parser quotes what it found, so only the place is taken from it. */
function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`${placeOfMistake(text, source)}: not valid JSON; an object such as {"token":"…"} was expected.`);
  }
}

function placeOfMistake(text: string, source: string): string {
  try {
    parseJson(text, source);
  } catch (error) {
    const { line, column } = (AutomatrixError.is(error) ? error.details : undefined) as {
      line: number;
      column: number;
    };
    return `${source}:${line}:${column}`;
  }
  return source;
}
