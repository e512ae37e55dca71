import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Real inputs that lie beside the repository, never in it: `../shared/data`, seen from the repository's root. */
const SHARED_DATA = new URL("../../../../../shared/data/", import.meta.url);

/** Place of a shared file or folder, or undefined where this clone has none. */
export function findSharedData(path: string): string | undefined {
  const place = fileURLToPath(new URL(path, SHARED_DATA));
  return existsSync(place) ? place : undefined;
}

/** Parses a shared JSON file. @throws Error that names the file when it is missing */
export function readSharedJson<Value>(path: string): Value {
  const place = findSharedData(path);
  if (place === undefined) throw new Error(`../shared/data/${path} is missing; it lies beside the repository`);
  return JSON.parse(readFileSync(place, "utf8")) as Value;
}
