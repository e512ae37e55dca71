import { FatalNodeError } from "@automatrix/core";
import { loadModule } from "../../loading/load-module.js";

interface Match extends Array<string | undefined> {
  index: number;
}

/** What JSONata needs of a regular expression (`exec`, `lastIndex`), matched in linear time by RE2. */
export class LinearRegExp {
  lastIndex = 0;
  readonly #compiled;

  constructor(pattern: RegExp) {
    const { RE2JS } = loadModule<typeof import("re2js")>("re2js");
    const flags = (pattern.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (pattern.multiline ? RE2JS.MULTILINE : 0);
    try {
      this.#compiled = RE2JS.compile(RE2JS.translateRegExp(pattern.source), flags);
    } catch (cause) {
      throw new FatalNodeError(
        `The pattern /${pattern.source.slice(0, 100)}/ cannot be used: look-around and back-references are not supported.`,
        {
          code: "expression_failed",
          cause,
        },
      );
    }
  }

  exec(text: string): Match | null {
    const matcher = this.#compiled.matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
    this.lastIndex = matcher.end();
    return Object.assign(groups, { index: matcher.start() });
  }
}
