import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Loads a dependency at its first use, so that importing the engine stays light. Node.js keeps what was loaded. */
export function loadModule<Module>(name: string): Module {
  return require(name) as Module;
}
