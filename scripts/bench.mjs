/**
 * `npm run bench [-- ARGS]`: the benchmarks of `benchmarks/`, against built packages, because figures of code loaded
 * through tsx would include the cost of its function names.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installed, ROOT, run, runScript } from "./bootstrap.mjs";
import { build } from "./build.mjs";

await runScript(async (args) => {
  const buildExitCode = await build({ types: false });
  if (buildExitCode !== 0) return buildExitCode;
  const tsx = pathToFileURL(installed("tsx", "dist", "loader.mjs")).href;
  return run(process.execPath, ["--expose-gc", `--import=${tsx}`, join(ROOT, "benchmarks", "main.ts"), ...args]);
});
