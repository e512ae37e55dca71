/**
 * What runs JSONata inside QuickJS, as text. It is called once with the library and the limits, and answers with
 * `{ usePatterns(re2js), run(program, scope, nowMs, seed) }`. A run tells by `finish(kind, text)` what it came to:
 *
 * - `value`, JSON · `too_large`, nothing · `refused`, what no JSON can hold
 * - `failed`, JSON `{ code, message, reason?, offset? }`
 */
export const PROGRAM_RUNNER = `(function (jsonata, finish, limits) {
  "use strict";
  const LIMIT_CODES = ["D1011", "D1012", "D2014", "D2015", "U1001"];
  let patterns;

  class ProgramError extends Error {
    constructor(code, message) { super(message); this.ownCode = code; }
  }

  // What JSONata needs of a regular expression, matched in linear time by RE2.
  class LinearRegExp {
    lastIndex = 0;
    #compiled;
    constructor(pattern) {
      const { RE2JS } = patterns;
      const flags = (pattern.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (pattern.multiline ? RE2JS.MULTILINE : 0);
      try {
        this.#compiled = RE2JS.compile(RE2JS.translateRegExp(pattern.source), flags);
      } catch (error) {
        if (error instanceof InternalError) throw error;
        throw new ProgramError(
          "expression_failed",
          "The pattern /" + pattern.source.slice(0, 100) + "/ cannot be used: look-around and back-references are not supported.",
        );
      }
    }
    exec(text) {
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

  function nesting(program) {
    let depth = 0, deepest = 0;
    for (const character of program) {
      if ("([{".includes(character)) deepest = Math.max(deepest, ++depth);
      else if (")]}".includes(character)) depth -= 1;
    }
    return deepest;
  }

  function parse(program) {
    if (nesting(program) > limits.nesting) {
      throw new ProgramError("expression_limit", "It is nested deeper than " + limits.nesting + ".");
    }
    return jsonata(program, { stack: limits.stack, sequence: limits.sequence, RegexEngine: LinearRegExp });
  }

  // mulberry32
  function seededRandom(seed) {
    let state = seed | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  // $pad makes text of any length in one step; here it is bounded.
  function pad(text, width, fill = " ") {
    if (text === undefined) return undefined;
    const length = Math.abs(width);
    if (!(length <= limits.text)) {
      throw new ProgramError("expression_limit", "$pad makes at most " + limits.text + " characters.");
    }
    return width < 0 ? text.padStart(length, fill) : text.padEnd(length, fill);
  }

  function functions(nowMs, random) {
    return {
      eval: undefined,
      millis: () => nowMs,
      now: (picture) => {
        if (picture === undefined) return new Date(nowMs).toISOString();
        throw new ProgramError("expression_failed", "$now takes no picture here; write $fromMillis($millis(), picture).");
      },
      random,
      pad: (text, width, fill) => pad(text, width, fill),
    };
  }

  function isFunction(value) {
    if (typeof value === "function") return true;
    return typeof value === "object" && value !== null && (value._jsonata_lambda === true || value._jsonata_function === true);
  }

  function settle(value) {
    if (isFunction(value)) return finish("refused", "a function");
    const json = value === undefined ? "null" : JSON.stringify(value, (_, child) => (isFunction(child) ? null : child));
    if (json.length > limits.result) finish("too_large", "");
    else finish("value", json);
  }

  function fail(error, code) {
    if (error instanceof ProgramError) {
      return finish("failed", JSON.stringify({ code: error.ownCode, message: error.message }));
    }
    const { code: reason, message, position } = error ?? {};
    // Out of memory, or of stack.
    const isLimit = LIMIT_CODES.includes(reason) || error === null || error instanceof InternalError;
    finish("failed", JSON.stringify({
      code: isLimit ? "expression_limit" : code,
      message: typeof message === "string" ? message.slice(0, limits.message) : "unknown reason",
      reason: typeof reason === "string" ? reason : undefined,
      offset: typeof position === "number" ? position : undefined,
    }));
  }

  return {
    usePatterns(library) { patterns = library; },
    async run(program, scope, nowMs, seed) {
      let code = "expression_syntax";
      try {
        Math.random = seededRandom(seed);
        const expression = parse(program);
        code = "expression_failed";
        const { input, ...bindings } = JSON.parse(scope);
        settle(await expression.evaluate(input, { ...bindings, ...functions(nowMs, seededRandom(seed)) }));
      } catch (error) {
        fail(error, code);
      }
    },
  };
})`;
