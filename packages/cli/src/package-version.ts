import { readFileSync } from "node:fs";

/** The version of this package. From package.json, one folder above both the sources and the build. */
export function packageVersion(): string {
  const file = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { readonly version: string }).version;
}
