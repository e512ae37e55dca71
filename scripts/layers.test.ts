import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { breachReason, FLOORS, findLayerBreaches, readRelativeImports, VOCABULARY } from "./layers.mjs";

const CORE_SOURCE = join(dirname(fileURLToPath(import.meta.url)), "../packages/core/src");

describe("packages/core/src", () => {
  it("imports only downwards from floor to floor", () => {
    expect(findLayerBreaches(CORE_SOURCE)).toEqual([]);
  });

  it("has every folder and root file on a floor", () => {
    const members = readdirSync(CORE_SOURCE)
      .filter((name) => !/\.test(-d)?\.ts$/.test(name))
      .map((name) => name.replace(/\.ts$/, ""));
    const known = new Set(FLOORS.flat());
    expect(members.filter((member) => !known.has(member))).toEqual([]);
  });
});

describe("the layer rule", () => {
  it("allows an import from a floor below", () => {
    expect(breachReason("execution", "graph")).toBeUndefined();
  });

  it("allows an import within a folder", () => {
    expect(breachReason("graph", "graph")).toBeUndefined();
  });

  it("refuses an import from a floor above", () => {
    expect(breachReason("graph", "execution")).toBe('"execution" is above "graph"');
  });

  it("refuses an import from beside", () => {
    expect(breachReason("graph", "expressions")).toBe('"expressions" is beside "graph", not below it');
  });

  it("lets the index export, and the test kit use, what the engine file builds", () => {
    expect(breachReason("index", "engine")).toBeUndefined();
    expect(breachReason("testing", "engine")).toBeUndefined();
    expect(breachReason("engine", "testing")).toBe('"testing" is above "engine"');
  });

  it("lets the leaves of the ground floor see each other", () => {
    expect(breachReason("errors", "shared")).toBeUndefined();
    expect(breachReason("shared", "errors")).toBeUndefined();
  });

  it("allows the types of the vocabulary from every floor", () => {
    expect(VOCABULARY.map((folder) => breachReason("shared", folder, { isTypeOnly: true }))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("refuses code of the vocabulary from below", () => {
    expect(breachReason("graph", "ports")).toBe('"ports" is above "graph", and this imports more than types');
  });

  it("refuses types of any other folder from below", () => {
    expect(breachReason("graph", "execution", { isTypeOnly: true })).toBe('"execution" is above "graph"');
  });

  it("names a folder that is on no floor", () => {
    expect(breachReason("graph", "cellar")).toContain('"cellar" is on no floor');
  });
});

describe("the search for breaches", () => {
  let folder: string | undefined;

  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });

  function sourceWith(path: string, text: string): string {
    folder = mkdtempSync(join(tmpdir(), "automatrix-layers-"));
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return folder;
  }

  it("finds an upward import from a nested folder", () => {
    const source = sourceWith("graph/order/sort.ts", 'import type { A } from "../../running/a.js";');
    expect(findLayerBreaches(source)).toEqual([
      'graph/order/sort.ts imports ../../running/a.js: "running" is above "graph"',
    ]);
  });

  it("finds an import that leaves the package", () => {
    const source = sourceWith("graph/a.ts", 'import { a } from "../../elsewhere/a.js";');
    expect(findLayerBreaches(source)).toEqual(["graph/a.ts imports ../../elsewhere/a.js: it leaves the package"]);
  });

  it("leaves tests out, because they may use the test kit above them", () => {
    const source = sourceWith("graph/a.test.ts", 'import { a } from "../testing/a.js";');
    expect(findLayerBreaches(source)).toEqual([]);
  });

  it("reads imports, re-exports, side effects and dynamic imports, but no comments", () => {
    const text = [
      'import { a } from "./a.js";',
      'export * from "../b.js";',
      'import "./c.js";',
      'const d = await import("./d.js");',
      '// import { e } from "./e.js";',
      '/* import { f } from "./f.js"; */',
      'import { g } from "package";',
    ].join("\n");
    expect(readRelativeImports(text).map(({ specifier }) => specifier)).toEqual([
      "./a.js",
      "../b.js",
      "./c.js",
      "./d.js",
    ]);
  });

  it.each([
    'import type { A } from "./a.js";',
    'import type * as a from "./a.js";',
    'import { type A, type B } from "./a.js";',
    'import {\n  type A,\n  type B,\n} from "./a.js";',
    'export type { A } from "./a.js";',
    'export type * from "./a.js";',
  ])("takes %s for types only", (text) => {
    expect(readRelativeImports(text)).toEqual([{ specifier: "./a.js", isTypeOnly: true }]);
  });

  it.each([
    'import { A } from "./a.js";',
    'import { type A, b } from "./a.js";',
    'import * as a from "./a.js";',
    'import a, { type A } from "./a.js";',
    'import {} from "./a.js";',
    'import "./a.js";',
    'import("./a.js");',
    'export * from "./a.js";',
  ])("takes %s for more than types", (text) => {
    expect(readRelativeImports(text)).toEqual([{ specifier: "./a.js", isTypeOnly: false }]);
  });
});
