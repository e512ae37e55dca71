/**
 * Finds where `packages/core/src` reads time or randomness other than through its ports. The lint rule refuses the
 * globals by name; this reads calls, and so lets a `Date` be a value while it finds one made from the wall clock.
 */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { listSources } from "./layers.mjs";

/** system/ holds the real clock, ids and randomness; testing/ the scripted ones. */
const EXEMPT = /^(system|testing)[/\\]/;
const AMBIENT_READ =
  /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*[(\w]))|(?<!new )(?<![.\w])Date\(|\bperformance\.now\b|\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\bhrtime\b|(?<![.\w#])set(?:Timeout|Interval|Immediate)\(/;
const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;

/** Every line of code that reads the ambient clock or randomness, as `file:line`, sorted. */
export function findAmbientReads(sourceFolder) {
  if (!existsSync(sourceFolder)) return [];
  return listSources(sourceFolder)
    .map((file) => ({ file, path: relative(sourceFolder, file) }))
    .filter(({ path }) => !EXEMPT.test(path))
    .flatMap(({ file, path }) => ambientLines(readFileSync(file, "utf8")).map((line) => `${path}:${line}`))
    .sort();
}

/** The numbers of the lines of a source text that read the ambient clock or randomness; comments and strings are none. */
export function ambientLines(text) {
  return text.split("\n").flatMap((line, index) => {
    const isComment = /^\s*(\/\/|\/?\*)/.test(line);
    return !isComment && AMBIENT_READ.test(line.replace(STRING, '""')) ? [index + 1] : [];
  });
}
