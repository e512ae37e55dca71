import { createHash } from "node:crypto";
import { FatalNodeError } from "@automatrix/core";

export type ServerKind = "postgres" | "mysql" | "redis";

/** How to connect over TLS; certificates are verified unless told otherwise. */
export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca?: string;
}

/** Where a server is and who connects. Parsed by us: what drivers read from an address includes files and code. */
export interface ServerSettings {
  readonly kind: ServerKind;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Name of the database; the number for Redis. */
  readonly database: string;
  readonly tls: TlsSettings | undefined;
}

const KINDS: Readonly<Record<string, { readonly kind: ServerKind; readonly tls?: true }>> = {
  postgres: { kind: "postgres" },
  postgresql: { kind: "postgres" },
  pg: { kind: "postgres" },
  mysql: { kind: "mysql" },
  mysql2: { kind: "mysql" },
  mariadb: { kind: "mysql" },
  redis: { kind: "redis" },
  rediss: { kind: "redis", tls: true },
};
const DEFAULT_PORTS: Readonly<Record<ServerKind, number>> = { postgres: 5432, mysql: 3306, redis: 6379 };
const SSL_MODES: Readonly<Record<string, boolean | "unverified">> = {
  disable: false,
  disabled: false,
  allow: false,
  prefer: false,
  preferred: false,
  require: true,
  required: true,
  "verify-ca": true,
  "verify-full": true,
  verify_ca: true,
  verify_identity: true,
  "no-verify": "unverified",
  true: true,
  false: false,
};

/**
 * Reads a connection, to a database unless `expected` says otherwise, from an address such as `postgres://user:password@host:5432/name?sslmode=require`, or from an
 * object with `url` (or `connectionString`), or with `type, host, port, user, password, database, ssl, ca`.
 * @throws FatalNodeError `credential_unusable`, which names `name` and what is wrong, never a value
 */
export function parseServerSettings(given: unknown, name: string, expected?: ServerKind): ServerSettings {
  const fields = typeof given === "string" ? { url: given } : given;
  if (typeof fields !== "object" || fields === null) throw invalid(name, "it is neither an address nor an object");
  const own = new Map(Object.entries(fields));
  const url = textOf(own, "url", "connectionString", "uri", "value");
  const read = new Map([...(url === undefined ? [] : readAddress(url, name)), ...own]);
  const word = textOf(read, "type", "driver", "kind", "dialect", "client")?.toLowerCase() ?? expected ?? "";
  const known = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  const isExpected = expected === undefined ? known?.kind !== "redis" : known?.kind === expected;
  if (known === undefined || !isExpected) throw invalid(name, `its type must be ${expected ?? "postgres or mysql"}`);
  const host = textOf(read, "host", "hostname", "server");
  if (host === undefined || !/^[\w.:%-]+$/.test(host)) throw invalid(name, "its host is missing or is no host name");
  const user = textOf(read, "user", "username") ?? "";
  if (known.kind !== "redis" && user === "") throw invalid(name, "it has no user");
  return {
    kind: known.kind,
    host,
    port: toPort(read.get("port"), known.kind, name),
    user,
    password: textOf(read, "password", "pass") ?? "",
    database: textOf(read, "database", "dbname", "db") ?? (known.kind === "redis" ? "0" : user),
    tls: toTls(read, known.tls === true, name),
  };
}

/** Tells connections apart without holding their secrets. */
export function fingerprintOf(settings: unknown): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("base64url");
}

function readAddress(text: string, name: string): [string, unknown][] {
  if (!URL.canParse(text)) throw invalid(name, "its address is no URL");
  const url = new URL(text);
  const sslMode = url.searchParams.get("sslmode") ?? url.searchParams.get("ssl-mode") ?? url.searchParams.get("ssl");
  const parts: [string, string | null][] = [
    ["type", url.protocol.slice(0, -1)],
    ["host", url.hostname.replace(/^\[|\]$/g, "")],
    ["port", url.port],
    ["user", decode(url.username, name)],
    ["password", decode(url.password, name)],
    ["database", decode(url.pathname.slice(1), name)],
    ["ssl", sslMode],
  ];
  return parts.filter(([, value]) => value !== null && value !== "");
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(name, "a part of its address is not percent-encoded as it should be");
  }
}

function textOf(fields: ReadonlyMap<string, unknown>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields.get(name);
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number") return String(value);
  }
  return undefined;
}

function toPort(given: unknown, kind: ServerKind, name: string): number {
  if (given === undefined || given === "") return DEFAULT_PORTS[kind];
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(name, "its port is no port");
  return port;
}

function toTls(fields: ReadonlyMap<string, unknown>, isImplied: boolean, name: string): TlsSettings | undefined {
  const given = fields.get("ssl") ?? fields.get("tls") ?? fields.get("sslmode") ?? isImplied;
  const details = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const mode = typeof given === "object" ? true : SSL_MODES[String(given).toLowerCase()];
  if (mode === undefined) throw invalid(name, "its ssl mode is none of disable, require, verify-full, no-verify");
  if (mode === false) return undefined;
  const ca = details["ca"] ?? fields.get("ca");
  return {
    rejectUnauthorized: mode !== "unverified" && details["rejectUnauthorized"] !== false,
    ...(typeof ca === "string" ? { ca } : {}),
  };
}

function invalid(name: string, why: string): FatalNodeError {
  return new FatalNodeError(`The connection "${name}" cannot be used: ${why}.`, { code: "credential_unusable" });
}
