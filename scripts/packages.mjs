/** The packages of the workspace, dependencies before their dependents. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./bootstrap.mjs";

/** Every package as `{ name, folder, manifest }`, in build order. */
export function readPackages() {
  const folder = join(ROOT, "packages");
  const packages = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => {
      const manifest = JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8"));
      return { name: manifest.name, folder: join(folder, name), manifest };
    });
  return inBuildOrder(packages);
}

function inBuildOrder(packages) {
  const byName = new Map(packages.map((entry) => [entry.name, entry]));
  const ordered = new Set();
  const visit = (entry) => {
    if (ordered.has(entry)) return;
    for (const dependency of Object.keys(entry.manifest.dependencies ?? {})) {
      const workspaceDependency = byName.get(dependency);
      if (workspaceDependency !== undefined) visit(workspaceDependency);
    }
    ordered.add(entry);
  };
  for (const entry of packages) visit(entry);
  return [...ordered];
}
