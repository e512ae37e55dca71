import { type AddressRule, toComparableName } from "./address-rule.js";
import { type Address, ipaddr } from "./ipaddr.js";
import { isReservedPort } from "./reserved-ports.js";

/** Where a connection is about to go. */
export interface ConnectionTarget {
  /** The host as the URL names it: a name, or an address without brackets. */
  readonly host: string;
  /** The address that would be connected. */
  readonly address: string;
  readonly port: number;
}

/** What a target is refused for whose address may be called, but not there. */
export const REFUSED_PORT = "port";

const PUBLIC = "unicast";
/** 2000::/3 is all that is given out as global unicast; the rest of the IPv6 space is refused whatever it is called. */
const GLOBAL_UNICAST = "2000::/3";

/**
 * Decides which addresses may be connected: public unicast ones but for the ports of other protocols than HTTP, and
 * those that the operator allowed. An IPv4 address
 * in the clothes of an IPv6 one (mapped, translated, 6to4, Teredo) is never public; only a rule for its IPv6 range lets it in.
 */
export class AddressPolicy {
  readonly #allow: readonly AddressRule[];

  constructor(allow: readonly AddressRule[]) {
    this.#allow = allow;
  }

  /** Why the target is refused: its kind of address, such as `private`, or `port`; undefined when it may be connected. */
  refusalOf(target: ConnectionTarget): string | undefined {
    const address = parseAddress(target.address);
    if (address === undefined) return "unknown";
    const kind = kindOf(address);
    if (kind === PUBLIC && !isReservedPort(target.port)) return undefined;
    if (this.#allow.some((rule) => isMatch(rule, target, address))) return undefined;
    return kind === PUBLIC ? REFUSED_PORT : kind;
  }
}

function parseAddress(text: string): Address | undefined {
  const { IPv4, IPv6 } = ipaddr();
  const withoutZone = text.replace(/%.*$/, "");
  if (IPv4.isValidFourPartDecimal(withoutZone)) return IPv4.parse(withoutZone);
  return IPv6.isValid(withoutZone) ? IPv6.parse(withoutZone) : undefined;
}

function kindOf(address: Address): string {
  const { IPv4, IPv6 } = ipaddr();
  const range = address.range();
  if (range !== PUBLIC || address instanceof IPv4) return range;
  return address.match(IPv6.parseCIDR(GLOBAL_UNICAST)) ? PUBLIC : "reserved";
}

function isMatch(rule: AddressRule, { host, port }: ConnectionTarget, address: Address): boolean {
  if (rule.port !== undefined && rule.port !== port) return false;
  if (rule.kind === "name") return rule.name === toComparableName(host);
  const { IPv4, IPv6 } = ipaddr();
  const [network, prefixLength] = rule.range;
  if (network instanceof IPv4) return address instanceof IPv4 && address.match(network, prefixLength);
  return address instanceof IPv6 && address.match(network, prefixLength);
}
