import { loadModule } from "../shared/load-module.js";

/** 4 or 6 for an address in its usual spelling, 0 for anything else. */
export function ipFamily(text: string): number {
  return loadModule<typeof import("node:net")>("node:net").isIP(text);
}
