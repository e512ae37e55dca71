import { parseJson } from "./definition-file/parse-json.js";
import { readTextFile } from "./definition-file/read-definition-file.js";

/** The value of an option such as `--input`: JSON, or `@file` with JSON in it. */
export function parseInputArgument(argument: string, option: string): unknown {
  if (!argument.startsWith("@")) return parseJson(argument, option);
  const file = argument.slice(1);
  return parseJson(readTextFile(file), file);
}
