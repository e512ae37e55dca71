import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { usageError } from "../command-error.js";
import { printable } from "../printable.js";
import type { Streams } from "../streams.js";
import { parseJson } from "./parse-json.js";
import { parseYaml } from "./parse-yaml.js";

/** The engine's own limit of a definition. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const STANDARD_INPUT = "-";
const YAML_EXTENSIONS: ReadonlySet<string> = new Set([".yaml", ".yml"]);
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Reads a definition from a JSON or YAML file, or from standard input (`-`). It is parsed, not yet validated.
 * @throws ConfigurationError `invalid_configuration` when it cannot be read or parsed
 */
export async function readDefinitionFile(file: string, streams: Streams): Promise<unknown> {
  const source = file === STANDARD_INPUT ? "standard input" : printable(file);
  const text = decode(
    file === STANDARD_INPUT ? await readToEnd(streams.readInput(), source) : readBytes(file, source),
    source,
  );
  if (text.trim() === "") throw usageError(`${source} is empty; a workflow definition was expected.`);
  return isYaml(file, text) ? parseYaml(text, source) : parseJson(text, source);
}

/** The text of a small file that an option names, such as `--input @file`. */
export function readTextFile(file: string): string {
  const source = printable(file);
  return decode(readBytes(file, source), source);
}

/** Stops reading at the limit: the other end of a pipe may never end. */
async function readToEnd(pieces: AsyncIterable<Uint8Array>, source: string): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    read.push(piece);
    bytes += piece.byteLength;
    if (bytes > MAX_FILE_BYTES) throw tooLarge(source);
  }
  return Buffer.concat(read);
}

function readBytes(file: string, source: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) throw tooLarge(source);
    return readFileSync(file);
  } catch (error) {
    throw readingError(error, source);
  }
}

function decode(bytes: Uint8Array, source: string): string {
  if (bytes.byteLength > MAX_FILE_BYTES) throw tooLarge(source);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  } catch {
    throw usageError(`${source} is not UTF-8 text.`);
  }
}

/** By extension; without a telling one, a text that begins like a JSON object is JSON. */
function isYaml(file: string, text: string): boolean {
  const extension = extname(file).toLowerCase();
  if (YAML_EXTENSIONS.has(extension)) return true;
  if (extension === ".json") return false;
  return !/^\s*[{[]/.test(text);
}

function tooLarge(source: string): Error {
  return usageError(`${source} is larger than 10 MiB, the limit of a definition.`);
}

function readingError(error: unknown, source: string): unknown {
  switch ((error as { code?: unknown }).code) {
    case "ENOENT":
      return usageError(`${source} does not exist.`);
    case "EISDIR":
      return usageError(`${source} is a folder; name a file.`);
    case "EACCES":
    case "EPERM":
      return usageError(`${source} may not be read by this user.`);
    default:
      return error;
  }
}
