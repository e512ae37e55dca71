import { FatalNodeError } from "@automatrix/core";
import { loadModule } from "../loading/load-module.js";

const MAX_PATTERN_LENGTH = 1_000;

/** A pattern of a user, matched in time linear in the text. */
export interface Pattern {
  test(text: string): boolean;
}

/**
 * Compiles a regular expression with RE2 (no backtracking, hence no look-around and no back-references).
 * @throws FatalNodeError `invalid_input` when the pattern is malformed, too long or needs backtracking
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new FatalNodeError(`A pattern may have ${MAX_PATTERN_LENGTH} characters; this one has ${source.length}.`, {
      code: "invalid_input",
    });
  }
  const { RE2JS } = loadModule<typeof import("re2js")>("re2js");
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    return { test: (text) => compiled.matcher(text).find() };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new FatalNodeError(
      `The pattern /${source.slice(0, 100)}/ cannot be used: ${reason}. Look-around and back-references are not supported.`,
      {
        code: "invalid_input",
        cause,
      },
    );
  }
}
