import type { IPv4, IPv6 } from "ipaddr.js";
import { loadModule } from "../shared/load-module.js";

export type Address = IPv4 | IPv6;

/** The library of addresses, loaded when the first address is looked at. */
export function ipaddr(): typeof import("ipaddr.js") {
  return loadModule<typeof import("ipaddr.js")>("ipaddr.js");
}
