import { isAbsolute, resolve } from "node:path";
import { ConfigurationError } from "@automatrix/core";
import { parseServerSettings, type ServerSettings } from "./server-settings.js";
import type { SqliteFile } from "./sqlite/sqlite-connection.js";

const DEFAULT_MAX_CONNECTIONS = 5;
/** Each connection to SQLite is a process. */
const DEFAULT_MAX_SQLITE_CONNECTIONS = 2;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_IDLE_MS = 30_000;
const DEFAULT_MAX_RESULT_BYTES = 16 * 1024 * 1024;

/** Name of the engine's own database. */
export const ENGINE_CONNECTION = "engine";

/**
 * A connection that the operator names: an address (`postgres://…`, `mysql://…`, `mariadb://…`, `sqlite:PATH`), or the
 * same with settings of its own.
 */
export type DatabaseConnectionOption = string | DatabaseConnectionSettings;

export interface DatabaseConnectionSettings {
  /** `postgres`, `mysql`, `mariadb` or `sqlite`; not needed beside `url`. */
  readonly type?: "postgres" | "mysql" | "mariadb" | "sqlite";
  /** An address, in place of the single parts. */
  readonly url?: string;
  /** Of a SQLite database. */
  readonly file?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** TLS: `true` verifies the server's certificate. Default: none. */
  readonly ssl?: boolean | { readonly rejectUnauthorized?: boolean; readonly ca?: string };
  /** Statements may only read. Default false. */
  readonly readOnly?: boolean;
  /** Default 5; 2 for SQLite, where each is a process. */
  readonly maxConnections?: number;
  /** Default: that of the options. */
  readonly statementTimeoutMs?: number;
}

/** What the operator sets up for `database_query`. */
export interface DatabaseNodesOptions {
  /** Connections by the name that workflows use. Without any, workflows use credentials. */
  readonly connections?: Readonly<Record<string, DatabaseConnectionOption>>;
  /**
   * Hosts (`db.example.com`, or `db.example.com:5432`) that connections of credentials may lead to. Default: any. Set it
   * where those who write credentials are not trusted with the network of this machine.
   */
  readonly credentialHosts?: readonly string[];
  /** How long one statement may take. Default 30 s. */
  readonly statementTimeoutMs?: number;
  /** How long connecting may take. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** How long a statement may wait for a connection. Default 30 s. */
  readonly waitMs?: number;
  /** How long a connection is kept without use. Default 30 s. */
  readonly idleMs?: number;
  /** Largest result as it comes over the wire. Default 16 MiB. */
  readonly maxResultBytes?: number;
}

export interface DatabaseLimits {
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly waitMs: number;
  readonly idleMs: number;
  readonly maxResultBytes: number;
}

export function toDatabaseLimits(options: DatabaseNodesOptions): DatabaseLimits {
  return {
    statementTimeoutMs: options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    waitMs: options.waitMs ?? DEFAULT_WAIT_MS,
    idleMs: options.idleMs ?? DEFAULT_IDLE_MS,
    maxResultBytes: options.maxResultBytes ?? DEFAULT_MAX_RESULT_BYTES,
  };
}

/** Where a connection leads to, and how it may be used. */
export interface DatabaseTarget {
  readonly to: ServerSettings | SqliteFile;
  readonly readOnly: boolean;
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
}

/** @throws ConfigurationError `invalid_configuration` */
export function parseConnectionOption(
  name: string,
  option: DatabaseConnectionOption,
  { statementTimeoutMs }: DatabaseLimits,
): DatabaseTarget {
  if (name === ENGINE_CONNECTION)
    throw new ConfigurationError(
      "invalid_configuration",
      `The connection name "${ENGINE_CONNECTION}" stands for the engine's own database; choose another one.`,
    );
  const settings: DatabaseConnectionSettings = typeof option === "string" ? { url: option } : option;
  const file = toSqliteFile(name, settings);
  const to = file ?? parseServer(name, option);
  return {
    to,
    readOnly: settings.readOnly ?? false,
    maxConnections:
      settings.maxConnections ?? (file === undefined ? DEFAULT_MAX_CONNECTIONS : DEFAULT_MAX_SQLITE_CONNECTIONS),
    statementTimeoutMs: settings.statementTimeoutMs ?? statementTimeoutMs,
  };
}

/** Of a credential: servers only, since a file is the operator's to name. */
export function parseCredentialTarget(
  name: string,
  credential: unknown,
  { statementTimeoutMs }: DatabaseLimits,
): DatabaseTarget & { readonly to: ServerSettings } {
  const { readOnly } = credential as { readOnly?: unknown };
  return {
    to: parseServerSettings(credential, name),
    readOnly: readOnly === true,
    maxConnections: DEFAULT_MAX_CONNECTIONS,
    statementTimeoutMs,
  };
}

function parseServer(name: string, option: DatabaseConnectionOption): ServerSettings {
  try {
    return parseServerSettings(option, name);
  } catch (error) {
    throw new ConfigurationError("invalid_configuration", (error as Error).message);
  }
}

function toSqliteFile(name: string, { type, url, file }: DatabaseConnectionSettings): SqliteFile | undefined {
  const path = file ?? /^sqlite:(?:\/\/)?(.*)$/s.exec(url ?? "")?.[1];
  if (path === undefined && type !== "sqlite") return undefined;
  if (path === undefined || path === "" || path.startsWith(":") || path.startsWith("file:") || path.includes("\0"))
    throw new ConfigurationError(
      "invalid_configuration",
      `The connection "${name}" needs the path of a SQLite file: each of its connections is a process of its own, so that a database in memory would be several.`,
    );
  return { file: isAbsolute(path) ? path : resolve(path) };
}
