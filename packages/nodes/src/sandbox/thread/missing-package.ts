import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** A package that only some hosts install is not there. */
export class MissingPackageError extends Error {}

/** Where an optional package is. @throws MissingPackageError that says how to install it */
export function resolvePackage(name: string, neededFor: string): string {
  try {
    return require.resolve(name);
  } catch (cause) {
    throw new MissingPackageError(
      `${neededFor} needs the package "${name}"; install it beside @automatrix/nodes: npm install ${name}.`,
      { cause },
    );
  }
}

/** Loads an optional package. @throws MissingPackageError that says how to install it */
export function loadPackage<Module>(name: string, neededFor: string): Module {
  return require(resolvePackage(name, neededFor)) as Module;
}
