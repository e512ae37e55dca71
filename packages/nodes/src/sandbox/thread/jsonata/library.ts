import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The text of an installed CommonJS module, as an expression that evaluates to what it exports. */
export async function readLibrary(path: string): Promise<string> {
  const source = await readFile(require.resolve(path), "utf8");
  return `(function (module) { (function (module, exports) {${source}\n})(module, module.exports); return module.exports; })({ exports: {} })`;
}
