/* Regular expressions, which re2js runs in time linear in the text, whatever the pattern. */
import type { RE2JS } from "re2js";
import { loadModule } from "../../shared/load-module.js";
import { textOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";

/** Functions of texts and patterns. Flags: `i` ignores case, `m` lets ^ and $ match at lines, `s` lets . match newlines. */
export const patternFunctions: FunctionTable = {
  matches: defineFunction("matches(text, pattern, flags?)", testPattern),
  test: defineFunction("test(text, pattern, flags?)", testPattern),
  match: defineFunction("match(text, pattern, flags?)", ([text, pattern, flags], context) => {
    const { matcher } = openSearch([text, pattern, flags], context);
    return matcher.find() ? groupsOf(matcher, context) : null;
  }),
  matchAll: defineFunction("matchAll(text, pattern, flags?)", ([text, pattern, flags], context) => {
    const search = openSearch([text, pattern, flags], context);
    const found: (readonly (string | null)[])[] = [];
    while (findNext(search, context)) found.push(groupsOf(search.matcher, context));
    return found;
  }),
  replacePattern: defineFunction("replacePattern(text, pattern, replacement, flags?)", replacePattern),
  splitPattern: defineFunction("splitPattern(text, pattern, flags?)", ([text, pattern, flags], context) => {
    const search = openSearch([text, pattern, flags], context);
    const { matcher, text: whole } = search;
    const parts: string[] = [];
    let position = 0;
    while (findNext(search, context)) {
      if (matcher.end() === matcher.start()) continue;
      parts.push(whole.slice(position, matcher.start()));
      position = matcher.end();
    }
    return [...parts, whole.slice(position)];
  }),
};

type Matcher = ReturnType<RE2JS["matcher"]>;

const MAX_PATTERN_LENGTH = 1_000;
const MAX_PROGRAM_SIZE = 5_000;
const MAX_PATTERNS_KEPT = 50;
const INSTRUCTIONS_PER_STEP = 2_048;
/** Groups are found in a slower pass over the same text. */
const GROUPS_FACTOR = 2;
const MAX_GROUPS = 100;

/** Loaded with the first pattern. */
function library(): typeof RE2JS {
  return loadModule<typeof import("re2js")>("re2js").RE2JS;
}

function testPattern(values: readonly unknown[], context: FunctionContext): boolean {
  return openSearch(values, context).matcher.find();
}

interface Search {
  readonly text: string;
  readonly matcher: Matcher;
  /** Instructions of the pattern; each may run at each character. */
  readonly size: number;
  hasMatched: boolean;
}

/** Opens a search of a text, counting the worst that finding one match can cost. */
function openSearch([text, pattern, flags]: readonly unknown[], context: FunctionContext): Search {
  const whole = textOf(text, context);
  const compiled = compilePattern(textOf(pattern, context), textOf(flags, context), context);
  const size = compiled.programSize() * (compiled.groupCount() > 0 ? GROUPS_FACTOR : 1);
  context.charge(1 + Math.floor((whole.length * size) / INSTRUCTIONS_PER_STEP));
  return { text: whole, matcher: compiled.matcher(whole), size, hasMatched: false };
}

/**
 * Finds the next match. Each may read to the end of the text before it settles for a short one, which makes all of
 * them together quadratic: the rest of the text counts each time.
 */
function findNext(search: Search, context: FunctionContext): boolean {
  const rest = search.hasMatched ? search.text.length - search.matcher.end() : 0;
  context.charge(1 + Math.floor((rest * search.size) / INSTRUCTIONS_PER_STEP));
  search.hasMatched = search.matcher.find();
  return search.hasMatched;
}

function compilePattern(pattern: string, flags: string, context: FunctionContext): RE2JS {
  const key = `${flags}/${pattern}`;
  const known = context.patterns.get(key);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN_LENGTH) {
    context.fail("expression_limit", `a pattern has at most ${MAX_PATTERN_LENGTH} characters`);
  }
  const compiled = compileChecked(pattern, flags, context);
  context.charge(10 + pattern.length + compiled.programSize());
  if (context.patterns.size >= MAX_PATTERNS_KEPT) context.patterns.clear();
  context.patterns.set(key, compiled);
  return compiled;
}

function compileChecked(pattern: string, flags: string, context: FunctionContext): RE2JS {
  const options = flagsOf(flags, context);
  let compiled: RE2JS;
  try {
    compiled = library().compile(pattern, options);
  } catch (cause) {
    return context.fail("expression_failed", `the pattern is not valid: ${patternProblem(cause)}`, { cause });
  }
  if (compiled.programSize() > MAX_PROGRAM_SIZE || compiled.groupCount() > MAX_GROUPS) {
    context.fail("expression_limit", "the pattern is too large; use smaller repeat counts and fewer groups");
  }
  return compiled;
}

function flagsOf(flags: string, context: FunctionContext): number {
  let options = 0;
  for (const flag of flags) {
    if (flag === "i") options |= library().CASE_INSENSITIVE;
    else if (flag === "m") options |= library().MULTILINE;
    else if (flag === "s") options |= library().DOTALL;
    else if (flag !== "g" && flag !== "u") context.fail("expression_failed", "flags of a pattern are i, m and s");
  }
  return options;
}

function patternProblem(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 100) : "it cannot be read";
}

function groupsOf(matcher: Matcher, context: FunctionContext): readonly (string | null)[] {
  const count = matcher.groupCount();
  context.charge(1 + count);
  return Array.from({ length: count + 1 }, (_, group) => matcher.group(group) ?? null);
}

function replacePattern([text, pattern, replacement, flags]: readonly unknown[], context: FunctionContext): string {
  const search = openSearch([text, pattern, flags], context);
  const { matcher, text: whole } = search;
  const with_ = textOf(replacement, context);
  const parts: string[] = [];
  let position = 0;
  while (findNext(search, context)) {
    const inserted = expandReplacement(with_, groupsOf(matcher, context));
    context.chargeText(inserted.length);
    parts.push(whole.slice(position, matcher.start()), inserted);
    position = matcher.end();
  }
  parts.push(whole.slice(position));
  context.checkTextLength(parts.reduce((length, part) => length + part.length, 0));
  return parts.join("");
}

/** `$1` to `$99` are groups, `$&` and `$0` the match, `$$` a dollar sign. */
function expandReplacement(replacement: string, groups: readonly (string | null)[]): string {
  return replacement.replace(/\$(\$|&|\d{1,2})/g, (written, reference: string) => {
    if (reference === "$") return "$";
    if (reference === "&") return groups[0] ?? "";
    const group = Number(reference);
    return group < groups.length ? (groups[group] ?? "") : written;
  });
}
