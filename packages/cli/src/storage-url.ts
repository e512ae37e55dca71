import type { Storage } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { usageError } from "./command-error.js";
import { printable } from "./printable.js";

/** Where executions go when `--storage` is not given. */
export const DEFAULT_STORAGE_URL = "memory:";

/**
 * Opens the storage that a URL names.
 * @throws ConfigurationError `invalid_configuration` for a URL that names none, or one that is not there yet
 */
export function openStorageUrl(url: string): Storage {
  if (url === "memory:") return memoryStorage();
  if (url.startsWith("sqlite:")) throw notYet("sqlite:", "@automatrix/storage-sqlite");
  if (/^postgres(?:ql)?:\/\//.test(url)) throw notYet("postgres://", "@automatrix/storage-postgres");
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0];
  // Only the scheme is shown: the rest of a URL may hold a password.
  const shown = scheme ?? printable(url.split("@")[0] ?? "");
  throw usageError(`Storage "${shown}" is unknown; use memory: (sqlite:PATH and postgres://… come later).`);
}

function notYet(scheme: string, packageName: string): Error {
  return usageError(
    `Storage ${scheme} needs the package ${packageName}, which is not there yet; use --storage memory:.`,
  );
}
