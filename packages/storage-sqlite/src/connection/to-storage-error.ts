import { StorageError } from "@automatrix/core";

interface Verdict {
  readonly code: string;
  readonly what: string;
}

/** By the beginning of SQLite's own codes, whose extended forms only add to them. */
const VERDICTS: readonly (readonly [prefix: string, verdict: Verdict])[] = [
  ["SQLITE_BUSY", { code: "storage_unavailable", what: "is locked by another process" }],
  ["SQLITE_LOCKED", { code: "storage_unavailable", what: "is locked" }],
  ["SQLITE_PROTOCOL", { code: "storage_unavailable", what: "could not be locked" }],
  ["SQLITE_IOERR", { code: "storage_unavailable", what: "could not be read or written" }],
  ["SQLITE_CANTOPEN", { code: "storage_unavailable", what: "could not be opened" }],
  ["SQLITE_FULL", { code: "storage_full", what: "has no room left; free disk space or raise maxFileBytes" }],
  ["SQLITE_NOTADB", { code: "storage_corrupt", what: "is not a SQLite database; name another file" }],
  ["SQLITE_CORRUPT", { code: "storage_corrupt", what: "is damaged; restore it from a backup" }],
  ["SQLITE_READONLY", { code: "storage_readonly", what: "is not writable; its owner and its folder must allow it" }],
  ["SQLITE_PERM", { code: "storage_readonly", what: "is not accessible; its owner must allow it" }],
  ["EACCES", { code: "storage_readonly", what: "is not accessible; its owner and its folder must allow it" }],
  ["EPERM", { code: "storage_readonly", what: "is not accessible; its owner and its folder must allow it" }],
  ["EROFS", { code: "storage_readonly", what: "lies on a file system that cannot be written" }],
  ["ENOSPC", { code: "storage_full", what: "has no room left; free disk space" }],
  ["EDQUOT", { code: "storage_full", what: "has no room left; its owner's quota is used up" }],
  ["ENOENT", { code: "storage_unavailable", what: "has no folder to lie in; create it" }],
];

const FALLBACK: Verdict = { code: "internal", what: "answered with an error that nobody expected" };

/** Says in the words of the port what SQLite or the file system said. Errors of AutoMatrix pass as they are. */
export function toStorageError(error: unknown, file: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = codeOf(error);
  const { code: ourCode, what } = VERDICTS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? FALLBACK;
  return new StorageError(ourCode, `The database "${file}" ${what}.`, { cause: error, details: { file, code } });
}

/** True when another connection holds the lock: worth trying again. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}

/** True when the rows would break a rule of their table. */
export function isConstraintError(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_CONSTRAINT");
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
