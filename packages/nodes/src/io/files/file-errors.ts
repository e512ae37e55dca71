import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";

const REFUSED: Readonly<Record<string, string>> = {
  ELOOP: "it leads over a symbolic link",
  ENOTDIR: "a file or a symbolic link stands where it needs a folder",
  EISDIR: "there is a folder",
  EACCES: "the engine may not use it",
  EPERM: "the engine may not use it",
  EROFS: "it can only be read",
  ENXIO: "it is no plain file",
  ENODEV: "it is no plain file",
  ENAMETOOLONG: "it is too long",
  EINVAL: "the file system does not take it",
};

/** Turns an error of the file system into the error of a node, without the place of the root. */
export function toFileError(error: unknown, path: string): unknown {
  if (AutomatrixError.is(error)) return error;
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  if (typeof code !== "string" || typeof syscall !== "string") return error;
  if (code === "ENOENT") return new FatalNodeError(`There is no file "${path}".`, { code: "file_not_found" });
  const why = REFUSED[code];
  if (why !== undefined) return pathRefused(path, why);
  const message = `The file system could not do it for "${path}" (${code}).`;
  return new RetryableNodeError(message, { code: code === "ENOSPC" ? "storage_full" : "storage_unavailable" });
}

export function pathRefused(path: string, why: string): FatalNodeError {
  return new FatalNodeError(`The path "${path}" cannot be used: ${why}.`, { code: "path_refused" });
}

export function contentTooLarge(path: string, maxBytes: number, remedy: string): FatalNodeError {
  return new FatalNodeError(`The content of "${path}" is larger than ${maxBytes} bytes; ${remedy}.`, {
    code: "content_too_large",
  });
}
