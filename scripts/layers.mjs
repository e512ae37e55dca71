/**
 * The floors of `packages/core/src`, top to bottom (see ARCHITECTURE.md): a folder imports only from itself and from
 * the floors below it. biome.jsonc states the same rule for editors; this module reads imports as text and resolves
 * them, so that a mistake in one of the two is found by the other (scripts/layers.test.ts).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** Names of folders, or of files directly in `src` without their ending. Members of one floor do not see each other. */
export const FLOORS = [
  ["index", "engine"],
  ["testing"],
  ["coordination"],
  ["running"],
  ["memory", "system"],
  ["events", "ports"],
  ["execution"],
  ["validation"],
  ["expressions", "graph"],
  ["definition"],
  ["errors", "shared"],
];

/** The root files of `src` are one composition root: `index` exports what `engine` builds. */
const TOP_FLOOR = 0;

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']*)["']/g;

/** Every import of `sourceFolder` that breaks the rule, as `file imports target: reason`, sorted. */
export function findLayerBreaches(sourceFolder) {
  if (!existsSync(sourceFolder)) return [];
  return listSources(sourceFolder)
    .flatMap((file) => breachesOf(sourceFolder, file))
    .sort();
}

/** The relative import specifiers of a source text, comments left out. */
export function readRelativeImports(text) {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...withoutComments.matchAll(IMPORT)].map((match) => match[1]);
}

/** The reason why `from` must not import `to` (both member names of FLOORS), or undefined when it may. */
export function breachReason(from, to) {
  if (from === to) return undefined;
  const fromFloor = floorOf(from);
  const toFloor = floorOf(to);
  if (fromFloor === undefined) return `"${from}" is on no floor: add it to scripts/layers.mjs and biome.jsonc`;
  if (toFloor === undefined) return `"${to}" is on no floor: add it to scripts/layers.mjs and biome.jsonc`;
  if (toFloor > fromFloor || (fromFloor === TOP_FLOOR && toFloor === TOP_FLOOR)) return undefined;
  return toFloor === fromFloor ? `"${to}" is beside "${from}", not below it` : `"${to}" is above "${from}"`;
}

function breachesOf(sourceFolder, file) {
  const from = memberOf(sourceFolder, file);
  return readRelativeImports(readFileSync(file, "utf8")).flatMap((specifier) => {
    const target = join(dirname(file), specifier);
    const path = relative(sourceFolder, file);
    if (relative(sourceFolder, target).startsWith("..")) return [`${path} imports ${specifier}: it leaves the package`];
    const reason = breachReason(from, memberOf(sourceFolder, target));
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
