import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, expect, it } from "vitest";
import { automatrix } from "./run-in-process.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TSX = pathToFileURL(createRequire(join(ROOT, "package.json")).resolve("tsx")).href;
const GUIDE = join(ROOT, "docs/guides/writing-a-node.md");
const BLOCK = /^```(sh|ts|json)(?: file=(\S+))?\n([\s\S]*?)^```$/gm;
const LONG_TEST_MS = 240_000;

// Within the repository, where an installed package would find what it depends on.
const folder = await mkdtemp(join(ROOT, "node_modules", ".guide-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One thing that the guide says to do. */
type Step = { readonly command: string } | { readonly file: string; readonly text: string };

async function stepsOfGuide(): Promise<readonly Step[]> {
  const guide = await readFile(GUIDE, "utf8");
  return [...guide.matchAll(BLOCK)].flatMap(([, language, file, text = ""]): readonly Step[] =>
    language === "sh"
      ? text
          .trim()
          .split("\n")
          .map((command) => ({ command }))
      : file === undefined
        ? []
        : [{ file, text }],
  );
}

/** What a shell does with the commands of the guide, in this repository in place of a registry. */
class Author {
  #place = folder;
  readonly done: string[] = [];

  async follow(step: Step): Promise<void> {
    if ("file" in step) {
      await writeFile(join(this.#place, step.file), step.text);
      return;
    }
    const [program, ...args] = step.command.split(" ");
    if (program === "cd") this.#place = join(this.#place, args[0] as string);
    else if (program === "automatrix") await this.#automatrix(args);
    else if (step.command === "npm test") await this.#test();
    else if (step.command === "npm run build") await this.#build();
    else expect(step.command).toBe("npm install");
    this.done.push(step.command);
  }

  async #automatrix(args: readonly string[]): Promise<void> {
    const main = join(ROOT, "packages/cli/src/main.ts");
    const { exitCode, text } = await this.#run(process.execPath, [
      "--conditions=@automatrix/source",
      `--import=${TSX}`,
      main,
      ...args,
    ]);
    expect(exitCode, text).toBe(0);
  }

  async #test(): Promise<void> {
    const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
    const { exitCode, text } = await this.#run(process.execPath, [
      vitest,
      "run",
      `--config=${join(ROOT, "packages/cli/test/support/author.vitest.config.ts")}`,
      `--root=${this.#place}`,
    ]);
    expect(exitCode, text).toBe(0);
  }

  /** What `tsc` writes; that it finds no error is asked of the sources, since the packages are not built here. */
  async #build(): Promise<void> {
    const sources = (await readdir(join(this.#place, "src"))).filter((name) => !name.endsWith(".test.ts"));
    const program = ts.createProgram(
      sources.map((name) => join(this.#place, "src", name)),
      {
        ...ts.parseJsonConfigFileContent(
          ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config,
          ts.sys,
          ROOT,
        ).options,
        noEmit: true,
      },
    );
    const own = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file === undefined || file.fileName.startsWith(this.#place));
    expect(own.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
    for (const name of sources) {
      const text = await readFile(join(this.#place, "src", name), "utf8");
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.ES2022, target: ts.ScriptTarget.ES2022 },
      });
      const file = join(this.#place, "dist", `${basename(name, ".ts")}.js`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, outputText);
    }
  }

  #run(command: string, args: readonly string[]): Promise<{ readonly exitCode: number | null; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.#place, stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      child.stdout.on("data", (chunk) => (text += String(chunk)));
      child.stderr.on("data", (chunk) => (text += String(chunk)));
      child.on("error", reject);
      child.on("close", (exitCode) => resolve({ exitCode, text }));
    });
  }
}

it(
  "the guide to writing a node can be followed word for word",
  async () => {
    const author = new Author();
    for (const step of await stepsOfGuide()) await author.follow(step);
    expect(author.done).toEqual([
      "automatrix node new send-fax",
      "cd send-fax",
      "npm install",
      "npm test",
      "npm test",
      "npm run build",
      "automatrix validate workflow.json --nodes dist/index.js",
    ]);
  },
  LONG_TEST_MS,
);

it.each(["Fax", "9lives", "../up", "a--b", "a_b", "", "x".repeat(51)])("refuses the name %o", async (name) => {
  const { exitCode, errors } = await automatrix(["node", "new", name, "--folder", join(folder, "never")]);
  expect(exitCode).toBe(2);
  expect(errors).toContain("small letters");
});

it("leaves alone a folder in which there is something", async () => {
  const taken = join(folder, "taken");
  await mkdir(taken);
  await writeFile(join(taken, "package.json"), "mine");
  const { exitCode, errors } = await automatrix(["node", "new", "fax", "--folder", taken]);
  expect(exitCode).toBe(2);
  expect(errors).toContain("is not empty");
  expect(await readdir(taken)).toEqual(["package.json"]);
});
