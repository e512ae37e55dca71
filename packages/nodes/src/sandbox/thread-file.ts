import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** What a sandbox thread runs: the URL of a module, or a program as text. */
export type ThreadFile = URL | string;

/** The package holds the thread's module compiled, beside this one; from source it is TypeScript and needs a loader. */
export function findThreadFile(here: string = import.meta.url): ThreadFile {
  if (!here.endsWith(".ts")) return new URL("./sandbox-thread.js", here);
  const tsx = pathToFileURL(createRequire(here).resolve("tsx/package.json"));
  const loader = new URL("./dist/esm/api/index.mjs", tsx).href;
  const main = new URL("./thread/main.ts", here).href;
  return `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(main)}); });`;
}
