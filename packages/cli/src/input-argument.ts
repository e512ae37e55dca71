import { parseJson } from "./definition-file/parse-json.js";
import { readTextFile } from "./definition-file/read-definition-file.js";

/** The value of `--input`: JSON, or `@file` with JSON in it; an empty object when it is not given. */
export function parseInputArgument(argument: string | undefined): unknown {
  if (argument === undefined) return {};
  if (!argument.startsWith("@")) return parseJson(argument, "--input");
  const file = argument.slice(1);
  return parseJson(readTextFile(file), file);
}
