/**
 * `npm run verify [-- STEP...]`: all that CI checks. Every step runs even when an earlier one failed, so that one run
 * shows every problem; naming steps runs only those.
 */
import { installed, run, runScript, say } from "./bootstrap.mjs";
import { build } from "./build.mjs";
import { checkPackages } from "./check-packages.mjs";

const node = (...args) => run(process.execPath, args);
const biome = (...args) => node(installed("@biomejs", "biome", "bin", "biome"), ...args);

const STEPS = {
  format: () => biome("check", "--linter-enabled=false"),
  lint: () => biome("lint", "--error-on-warnings"),
  types: () => node(installed("typescript", "bin", "tsc"), "--noEmit", "-p", "tsconfig.json"),
  tests: () => node("scripts/test.mjs", "--typecheck", "--coverage"),
  build: () => build(),
  docs: () => node(installed("typedoc", "bin", "typedoc")),
  packages: () => checkPackages(),
  knip: () => node(installed("knip", "bin", "knip.js")),
};

await runScript(async (names) => {
  const unknown = names.filter((name) => !Object.hasOwn(STEPS, name));
  if (unknown.length > 0) {
    say(`unknown step ${unknown.join(", ")}; the steps are ${Object.keys(STEPS).join(", ")}`);
    return 2;
  }
  const results = [];
  for (const name of names.length > 0 ? names : Object.keys(STEPS)) {
    say(`verify: ${name}`);
    const startedAt = Date.now();
    const exitCode = await STEPS[name]();
    results.push({ name, exitCode, seconds: ((Date.now() - startedAt) / 1000).toFixed(1) });
  }
  for (const { name, exitCode, seconds } of results) {
    say(`verify: ${exitCode === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  }
  return results.every(({ exitCode }) => exitCode === 0) ? 0 : 1;
});
