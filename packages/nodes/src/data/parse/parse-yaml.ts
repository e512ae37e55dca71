import { loadOptionalModule } from "../../loading/load-optional-module.js";
import { parseFailure, tooMuch } from "./parse-failure.js";
import { checkYamlStructure } from "./yaml-structure.js";

/** References to anchors of one document: the guard against documents that grow when they are read. */
const MAX_ALIASES = 100;

/**
 * Parses one YAML 1.2 document of plain values: no tags that make objects, bounded aliases.
 * @throws FatalNodeError `parse_failed`, `content_too_large`, or `not_configured` without the package
 */
export function parseYaml(text: string, maxDepth: number): unknown {
  const yaml = loadOptionalModule<typeof import("yaml")>("yaml", "Parsing YAML");
  const value = readDocument(yaml, text, maxDepth);
  if (isDeeperThan(value, maxDepth)) throw tooDeep(maxDepth);
  return value;
}

function readDocument(yaml: typeof import("yaml"), text: string, maxDepth: number): unknown {
  checkYamlStructure(new yaml.Lexer().lex(text), maxDepth);
  try {
    const document = yaml.parseDocument(text, { schema: "core", prettyErrors: false, logLevel: "error" });
    const [error] = document.errors;
    if (error !== undefined) {
      throw parseFailure("YAML", `it is malformed at offset ${error.pos[0]} (${error.code}).`, {
        offset: error.pos[0],
      });
    }
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(maxDepth);
    if (error instanceof ReferenceError)
      throw tooMuch("The YAML uses its anchors too often", `at most ${MAX_ALIASES} uses are followed`);
    throw error;
  }
}

function tooDeep(maxDepth: number): Error {
  return tooMuch("The YAML is nested too deep", `\`maxDepth\` allows ${maxDepth}`);
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((child) => isDeeperThan(child, depth - 1));
}
