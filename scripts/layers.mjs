/**
 * The floors of `packages/core/src`, top to bottom (see ARCHITECTURE.md): a folder imports only from itself and from
 * the floors below it. Two exceptions, both stated here and nowhere else:
 *
 * - The leaves of the ground floor may see each other.
 * - Type-only imports of the vocabulary folders are free from every floor. They hold interfaces and records, which are
 *   shaped in terms of each other (a port speaks of definitions, a node context of ports) and are erased at run time.
 *
 * biome.jsonc states the rule for editors as far as it can: it does not tell type imports from others, so it leaves
 * the vocabulary out. This module is the judge: it reads imports as text and resolves them (scripts/layers.test.ts).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** Names of folders, or of files directly in `src` without their ending. */
export const FLOORS = [
  ["index"],
  ["testing"],
  ["engine"],
  ["engine-parts"],
  ["engine-services"],
  ["coordination"],
  ["running"],
  ["memory"],
  ["system"],
  ["network"],
  ["events", "ports"],
  ["execution"],
  ["validation"],
  ["expressions", "graph"],
  ["definition"],
  ["errors", "shared"],
];

/** Folders of interfaces and records, whose types every floor may name. */
export const VOCABULARY = ["definition", "ports", "events"];

const GROUND_FLOOR = FLOORS.length - 1;

const STATIC_IMPORT = /\b(?:import|export)\s+((?:type\s+)?[\w\s{},*$]*?)\s*\bfrom\s*["'](\.{1,2}\/[^"']*)["']/g;
const BARE_IMPORT = /\bimport\s*\(?\s*["'](\.{1,2}\/[^"']*)["']/g;

/** Every import of `sourceFolder` that breaks the rule, as `file imports target: reason`, sorted. */
export function findLayerBreaches(sourceFolder) {
  if (!existsSync(sourceFolder)) return [];
  return listSources(sourceFolder)
    .flatMap((file) => breachesOf(sourceFolder, file))
    .sort();
}

/** The relative imports and re-exports of a source text as `{ specifier, isTypeOnly }`, comments left out. */
export function readRelativeImports(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const named = [...code.matchAll(STATIC_IMPORT)].map(({ index, 1: clause, 2: specifier }) => ({
    index,
    specifier,
    isTypeOnly: isTypeOnly(clause),
  }));
  const bare = [...code.matchAll(BARE_IMPORT)].map(({ index, 1: specifier }) => ({
    index,
    specifier,
    isTypeOnly: false,
  }));
  return [...named, ...bare]
    .sort((a, b) => a.index - b.index)
    .map(({ specifier, isTypeOnly }) => ({ specifier, isTypeOnly }));
}

/** The reason why `from` must not import `to` (both member names of FLOORS), or undefined when it may. */
export function breachReason(from, to, { isTypeOnly = false } = {}) {
  if (from === to) return undefined;
  const fromFloor = floorOf(from);
  const toFloor = floorOf(to);
  if (fromFloor === undefined) return `"${from}" is on no floor: add it to scripts/layers.mjs and biome.jsonc`;
  if (toFloor === undefined) return `"${to}" is on no floor: add it to scripts/layers.mjs and biome.jsonc`;
  if (toFloor > fromFloor) return undefined;
  if (toFloor === fromFloor && toFloor === GROUND_FLOOR) return undefined;
  const isVocabulary = VOCABULARY.includes(to);
  if (isVocabulary && isTypeOnly) return undefined;
  const reason = toFloor === fromFloor ? `"${to}" is beside "${from}", not below it` : `"${to}" is above "${from}"`;
  return isVocabulary ? `${reason}, and this imports more than types` : reason;
}

/** Whether an import clause names types only: `type { A }`, `type * as a`, `{ type A, type B }`. */
function isTypeOnly(clause) {
  if (/^type\s+(?!,)/.test(clause)) return true;
  const list = /^\{([^}]*)\}\s*$/.exec(clause)?.[1] ?? "";
  const names = list.split(",").filter((name) => name.trim() !== "");
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function breachesOf(sourceFolder, file) {
  const from = memberOf(sourceFolder, file);
  return readRelativeImports(readFileSync(file, "utf8")).flatMap(({ specifier, isTypeOnly }) => {
    const target = join(dirname(file), specifier);
    const path = relative(sourceFolder, file);
    if (relative(sourceFolder, target).startsWith("..")) return [`${path} imports ${specifier}: it leaves the package`];
    const reason = breachReason(from, memberOf(sourceFolder, target), { isTypeOnly });
    return reason === undefined ? [] : [`${path} imports ${specifier}: ${reason}`];
  });
}

function floorOf(member) {
  const floor = FLOORS.findIndex((members) => members.includes(member));
  return floor === -1 ? undefined : floor;
}

/** The first part of a path inside `src`: a folder's name, or a root file's name without its ending. */
function memberOf(sourceFolder, file) {
  const [first = ""] = relative(sourceFolder, file).split(sep);
  return first.replace(/\.[jt]s$/, "");
}

/** All sources but tests: a test may use the test kit, which lies above everything it tests. */
export function listSources(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(path))
    .map((path) => join(folder, path));
}
