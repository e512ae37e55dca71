import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { EventBus, Storage } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { usageError } from "../command-error.js";
import { printable } from "../printable.js";

/** Where executions go when `--storage` is not given: a file in the current folder. */
export const DEFAULT_STORAGE_URL = "sqlite:automatrix.db";

const SQLITE_SCHEME = "sqlite:";
/** SQLite's own name for a database without a file. */
const IN_MEMORY = ":memory:";
const POSTGRES_SCHEME = /^postgres(?:ql)?:\/\//;
const POSTGRES_PACKAGE = "@automatrix/storage-postgres";

/** What a storage URL says. */
export type StorageAddress =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly connectionString: string };

/** @throws ConfigurationError `invalid_configuration` for a URL that names no storage */
export function parseStorageUrl(url: string): StorageAddress {
  if (url === "memory:") return { kind: "memory" };
  if (url.startsWith(SQLITE_SCHEME)) return { kind: "sqlite", file: toFile(url.slice(SQLITE_SCHEME.length)) };
  if (POSTGRES_SCHEME.test(url)) return { kind: "postgres", connectionString: url };
  throw usageError(`Storage "${schemeOf(url)}" is unknown; use sqlite:PATH, postgres://… or memory:.`);
}

/** The URL without what must not be shown: of a database server only host and name. */
export function shownStorageUrl(url: string): string {
  if (!POSTGRES_SCHEME.test(url)) return printable(url);
  // Not URL.canParse: a password may hold signs that make it no URL, and must be left out all the same.
  const [, place = ""] = /^[^?#]*?:\/\/(?:.*@)?([^?#]*)/s.exec(url) ?? [];
  return `postgres://${printable(place)}`;
}

/**
 * The storage that a URL names, not opened yet. Its package is loaded here, so that commands that need none start fast.
 * @throws ConfigurationError `invalid_configuration` when there is no such storage, or its package is missing
 */
export async function createStorage(url: string): Promise<Storage> {
  const address = parseStorageUrl(url);
  switch (address.kind) {
    case "memory":
      return memoryStorage();
    case "sqlite": {
      const { sqliteStorage } = await loadPackage(() => import("@automatrix/storage-sqlite"), "storage-sqlite");
      return sqliteStorage({ file: address.file });
    }
    case "postgres": {
      const { postgresStorage } = await loadPostgres();
      return postgresStorage({ connectionString: address.connectionString });
    }
  }
}

/** What lets the processes on this storage hear of each other at once; undefined where it has nothing of the kind. */
export async function createEventBus(url: string): Promise<EventBus | undefined> {
  const address = parseStorageUrl(url);
  if (address.kind !== "postgres") return undefined;
  const { postgresEventBus } = await loadPostgres();
  return postgresEventBus({ connectionString: address.connectionString });
}

/**
 * The same for a command that looks for something: a file that is not there holds nothing and is not created.
 * @throws ConfigurationError `invalid_configuration`
 */
export async function createExistingStorage(url: string): Promise<Storage> {
  const address = parseStorageUrl(url);
  if (address.kind === "sqlite" && !existsSync(address.file)) {
    throw usageError(
      `There is no storage ${shownStorageUrl(url)} (${printable(address.file)}); run a workflow first, or name another with --storage.`,
    );
  }
  if (address.kind === "memory")
    throw usageError("Storage memory: holds nothing of another process; use --storage sqlite:PATH.");
  return createStorage(url);
}

/** What the optional package offers, as far as it is used here. */
interface PostgresPackage {
  readonly postgresStorage: (options: { readonly connectionString: string }) => Storage;
  readonly postgresEventBus: (options: { readonly connectionString: string }) => EventBus;
}

function loadPostgres(): Promise<PostgresPackage> {
  return loadPackage(() => import(POSTGRES_PACKAGE) as Promise<PostgresPackage>, "storage-postgres");
}

async function loadPackage<Package>(load: () => Promise<Package>, name: string): Promise<Package> {
  try {
    return await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usageError(
      `This storage needs the package @automatrix/${name}, which could not be loaded; install it beside @automatrix/cli. (${printable(reason)})`,
    );
  }
}

function toFile(path: string): string {
  if (path !== "" && !path.includes("\0")) return path === IN_MEMORY ? path : resolve(path);
  throw usageError("sqlite: takes the path of a file, such as sqlite:automatrix.db.");
}

/** Only the scheme is shown: the rest of a URL may hold a password. */
function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? printable(url.split("@").at(-1) ?? "");
}
