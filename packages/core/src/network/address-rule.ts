import { domainToASCII } from "node:url";
import { ConfigurationError } from "../errors/errors.js";
import { ipFamily } from "./ip-family.js";
import { type Address, ipaddr } from "./ipaddr.js";

/** One entry of `network.allow`, made ready for comparing. Without a port it holds for every port. */
export type AddressRule =
  | { readonly kind: "name"; readonly name: string; readonly port: number | undefined }
  | { readonly kind: "range"; readonly range: AddressRange; readonly port: number | undefined };

export type AddressRange = readonly [network: Address, prefixLength: number];

const SHORTHANDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["loopback", ["127.0.0.0/8", "::1/128"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]],
]);
const BRACKETED = /^\[([^\]]+)\](?::(\d{1,5}))?$/;
const WITH_PORT = /^([^:]+):(\d{1,5})$/;
const RANGE = /^([^/]+)\/(\d{1,3})$/;
const NAME = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
/** A last label that is a number makes the whole an address, in one of its odd spellings. */
const LOOKS_LIKE_ADDRESS = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const MAX_PORT = 65_535;

/** The rules that an entry of `network.allow` stands for. @throws ConfigurationError `invalid_configuration` */
export function parseAddressRule(entry: string): readonly AddressRule[] {
  if (typeof entry !== "string") throw unusable(entry);
  const text = entry.trim().toLowerCase();
  const shorthand = SHORTHANDS.get(text);
  if (shorthand !== undefined) return shorthand.flatMap((range) => parseAddressRule(range));
  const range = RANGE.exec(text);
  if (range !== null)
    return [{ kind: "range", range: parseRange(entry, range[1] as string, range[2]), port: undefined }];
  if (ipFamily(text) === 6) return [{ kind: "range", range: parseRange(entry, text), port: undefined }];
  const [, host = text, port] = BRACKETED.exec(text) ?? WITH_PORT.exec(text) ?? [];
  return [{ ...parseHost(entry, host), port: port === undefined ? undefined : parsePort(entry, port) }];
}

/** Names as they are compared: lower case, international ones in ASCII, without the dot of the root. */
export function toComparableName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function parseHost(
  entry: string,
  host: string,
): { readonly kind: "name"; readonly name: string } | { readonly kind: "range"; readonly range: AddressRange } {
  if (ipFamily(host) !== 0) return { kind: "range", range: parseRange(entry, host) };
  if (entry.includes("[")) throw unusable(entry);
  const name = toComparableName(domainToASCII(host));
  if (!NAME.test(name) || LOOKS_LIKE_ADDRESS.test(name)) throw unusable(entry);
  return { kind: "name", name };
}

function parseRange(entry: string, address: string, prefix?: string): AddressRange {
  if (ipFamily(address) === 0) throw unusable(entry);
  const longest = ipFamily(address) === 4 ? 32 : 128;
  const prefixLength = prefix === undefined ? longest : Number(prefix);
  if (prefixLength > longest) throw unusable(entry);
  return [ipaddr().parse(address), prefixLength];
}

function parsePort(entry: string, text: string): number {
  const port = Number(text);
  if (port < 1 || port > MAX_PORT) throw unusable(entry);
  return port;
}

function unusable(entry: unknown): ConfigurationError {
  return new ConfigurationError(
    "invalid_configuration",
    `network.allow has the entry "${String(entry)}"; give a host name, an address, either with a port ("name:8080", ` +
      `"[::1]:8080"), a range ("10.0.0.0/8"), "loopback" or "private".`,
  );
}
