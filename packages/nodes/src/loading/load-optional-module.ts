import { FatalNodeError } from "@automatrix/core";
import { loadModule } from "./load-module.js";

/**
 * Loads a package that only some hosts install.
 *
 * @param neededFor begins the sentence "… needs the package"
 * @throws FatalNodeError `not_configured` that names the package when it is missing
 */
export function loadOptionalModule<Module>(name: string, neededFor: string): Module {
  try {
    return loadModule<Module>(name);
  } catch (cause) {
    if ((cause as { code?: unknown } | null)?.code !== "MODULE_NOT_FOUND") throw cause;
    const missing = packageOf(name);
    throw new FatalNodeError(`${neededFor} needs the package "${missing}"; install it beside @automatrix/nodes.`, {
      code: "not_configured",
      details: { package: missing },
    });
  }
}

/** The package of a module such as `@scope/name/file`. */
function packageOf(module: string): string {
  return module
    .split("/")
    .slice(0, module.startsWith("@") ? 2 : 1)
    .join("/");
}
