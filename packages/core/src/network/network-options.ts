import { ConfigurationError } from "../errors/errors.js";
import { type AddressRule, parseAddressRule } from "./address-rule.js";

/** What `ctx.http` may reach, and how long and how large its calls may be. */
export interface NetworkOptions {
  /**
   * Targets that are no public addresses and may be called all the same: names (`erp.internal`), `name:port`,
   * addresses (`10.0.0.7`, `[fd00::1]:8080`), ranges (`10.0.0.0/8`), and the words `loopback` and `private`. A name
   * stands for whatever it resolves to. Default: none.
   */
  readonly allow?: readonly string[];
  /** Longest wait for a connection, name resolution and TLS included, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for the head of an answer, in milliseconds. Default 300,000. */
  readonly headersTimeoutMs?: number;
  /** Longest silence within the body of an answer, in milliseconds. Default 300,000. */
  readonly bodyTimeoutMs?: number;
  /** Largest body of an answer once it is decompressed, in bytes. Default 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Redirects followed by one call. Default 10. */
  readonly maxRedirects?: number;
}

/** The options, checked and with their defaults filled in. */
export interface NetworkSettings extends Required<Omit<NetworkOptions, "allow">> {
  readonly allow: readonly AddressRule[];
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_HEADERS_TIMEOUT_MS = 300_000;
const DEFAULT_BODY_TIMEOUT_MS = 300_000;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_REDIRECTS = 10;

/** @throws ConfigurationError `invalid_configuration` naming the option and what it may be */
export function parseNetworkOptions(options: NetworkOptions = {}): NetworkSettings {
  const { allow = [] } = options;
  if (!Array.isArray(allow)) {
    throw new ConfigurationError(
      "invalid_configuration",
      "network.allow must be a list of names, addresses and ranges.",
    );
  }
  return {
    allow: allow.flatMap((entry) => parseAddressRule(entry)),
    connectTimeoutMs: whole(1, options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS, "connectTimeoutMs"),
    headersTimeoutMs: whole(1, options.headersTimeoutMs ?? DEFAULT_HEADERS_TIMEOUT_MS, "headersTimeoutMs"),
    bodyTimeoutMs: whole(1, options.bodyTimeoutMs ?? DEFAULT_BODY_TIMEOUT_MS, "bodyTimeoutMs"),
    maxResponseBytes: whole(1, options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES, "maxResponseBytes"),
    maxRedirects: whole(0, options.maxRedirects ?? DEFAULT_MAX_REDIRECTS, "maxRedirects"),
  };
}

function whole(least: 0 | 1, value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigurationError(
    "invalid_configuration",
    `network.${name} must be an integer from ${least} on, not ${String(value)}.`,
  );
}
