import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./generated-docs.js";
import { examplesOf, findRunnableExamples } from "./runnable-examples.js";

const run = promisify(execFile);
/** Inside the repository, so that its packages resolve, and outside of what is committed. */
const WORK_FOLDER = join(ROOT, "node_modules/.automatrix-docs");

describe("the examples of the documentation", () => {
  let folder: string;

  beforeAll(() => {
    mkdirSync(WORK_FOLDER, { recursive: true });
    folder = mkdtempSync(join(WORK_FOLDER, "run-"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent.each(findRunnableExamples())("$place runs and prints what it says", async ({ place, code, prints }) => {
    const file = join(folder, `${place.replace(/\W/g, "-")}.mts`);
    writeFileSync(file, code);
    const { stdout, stderr } = await run(process.execPath, ["--conditions=@automatrix/source", "--import=tsx", file], {
      cwd: ROOT,
    });
    expect({ stdout: stdout.trimEnd().split("\n"), stderr }).toEqual({ stdout: [...prints], stderr: "" });
  });

  it("are there: the README has one, and every guide that shows code", () => {
    const files = new Set(findRunnableExamples().map(({ place }) => place.replace(/:\d+$/, "")));
    expect([...files]).toEqual(
      expect.arrayContaining([
        "README.md",
        "docs/guides/quick-start.md",
        "docs/guides/concepts.md",
        "docs/guides/durability.md",
        "docs/guides/expressions.md",
        "docs/guides/testing-workflows.md",
        "docs/guides/schedules.md",
        "docs/guides/crash-testing.md",
        "docs/guides/errors.md",
        "docs/guides/scaling.md",
        "docs/guides/http.md",
        "docs/guides/credentials.md",
        "docs/guides/code-nodes.md",
        "docs/guides/knowledge.md",
        "docs/guides/triggers.md",
      ]),
    );
  });
});

describe("the search for runnable examples", () => {
  it("takes marked blocks only, with their place and what they print", () => {
    const markdown = "# A\n\n```ts runnable\nconsole.log(1); // → 1\n```\n\n```ts\nnotRun();\n```\n";
    expect(examplesOf(markdown, "a.md")).toEqual([
      { place: "a.md:3", code: "console.log(1); // → 1\n", prints: ["1"] },
    ]);
  });
});
