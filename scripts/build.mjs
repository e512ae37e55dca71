/** `npm run build`: builds every package into its `dist/`, dependencies first. */
import { pathToFileURL } from "node:url";
import { installed, run, runScript, say } from "./bootstrap.mjs";
import { readPackages } from "./packages.mjs";

/** Builds all packages; resolves to an exit code. Without `types` it takes a second, with them some more. */
export async function build({ types = true } = {}) {
  const env = { ...process.env, AUTOMATRIX_BUILD_TYPES: String(types) };
  for (const { name, folder } of readPackages()) {
    say(`building ${name}`);
    const exitCode = await run(process.execPath, [installed("tsup", "dist", "cli-default.js")], {
      cwd: folder,
      env,
      stdio: ["ignore", 2, 2],
    });
    if (exitCode !== 0) {
      say(`the build of ${name} failed with exit code ${exitCode}; read its output above`);
      return exitCode;
    }
  }
  return 0;
}

const isStartedDirectly = import.meta.url === pathToFileURL(process.argv[1] ?? "").href;
if (isStartedDirectly) await runScript(() => build());
