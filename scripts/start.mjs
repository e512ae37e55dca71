/**
 * `npm start [-- ARGS]`: the `automatrix` command of this repository, from its TypeScript sources.
 *
 * It runs through tsx and the `@automatrix/source` condition rather than from a build: nothing to build on a fresh
 * clone, nothing that can be stale, and workflow files may import TypeScript nodes. `bench` is the exception: tsx names
 * every closure it creates, which costs time in hot loops, so that figures are taken from the built packages.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installed, ROOT, run, runScript } from "./bootstrap.mjs";
import { build } from "./build.mjs";

await runScript(async (args) => {
  if (args[0] === "bench") {
    const buildExitCode = await build({ types: false });
    if (buildExitCode !== 0) return buildExitCode;
    return run(process.execPath, ["--enable-source-maps", join(ROOT, "packages/cli/dist/main.js"), ...args]);
  }
  const tsx = pathToFileURL(installed("tsx", "dist", "loader.mjs")).href;
  return run(process.execPath, [
    "--conditions=@automatrix/source",
    `--import=${tsx}`,
    join(ROOT, "packages/cli/src/main.ts"),
    ...args,
  ]);
});
