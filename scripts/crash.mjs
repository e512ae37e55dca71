/** `npm run crash [-- ARGS]`: the crash tests with real processes of `scripts/crash/`, from the TypeScript sources. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installed, ROOT, run, runScript } from "./bootstrap.mjs";

await runScript((args) => {
  const tsx = pathToFileURL(installed("tsx", "dist", "loader.mjs")).href;
  return run(process.execPath, [
    "--conditions=@automatrix/source",
    `--import=${tsx}`,
    join(ROOT, "scripts", "crash", "main.ts"),
    ...args,
  ]);
});
