/**
 * Finds the examples of the documentation that run: code blocks that begin with ```` ```ts runnable ````. Each is a
 * program of its own. Where a line ends in `// → TEXT`, the program prints that text there: what it prints on standard
 * output is, line by line, the texts of these comments.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./generated-docs.js";

export interface RunnableExample {
  /** `file:line` of the block. */
  readonly place: string;
  readonly code: string;
  readonly prints: readonly string[];
}

const BLOCK = /^```ts runnable\n([\s\S]*?)^```$/gm;
const PRINTS = /\/\/ → (.*)$/gm;

/** Every runnable example of the root's and the guides' Markdown. */
export function findRunnableExamples(): readonly RunnableExample[] {
  return [ROOT, join(ROOT, "docs/guides")].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name))
      .flatMap((file) => examplesOf(readFileSync(file, "utf8"), relative(ROOT, file))),
  );
}

/** The runnable examples of one Markdown text. */
export function examplesOf(markdown: string, file: string): readonly RunnableExample[] {
  return [...markdown.matchAll(BLOCK)].map(({ 1: code = "", index }) => ({
    place: `${file}:${markdown.slice(0, index).split("\n").length}`,
    code,
    prints: [...code.matchAll(PRINTS)].map(([, text = ""]) => text.trimEnd()),
  }));
}
