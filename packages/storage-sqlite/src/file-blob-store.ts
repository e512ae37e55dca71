import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BlobReference, type BlobStore, StorageError } from "@automatrix/core";
import { toStorageError } from "./connection/to-storage-error.js";
import { writeDurably } from "./payloads/write-durably.js";

const DEFAULT_CONTENT_TYPE = "application/octet-stream";
/** A reference is one of our own names and nothing else, so that none leads out of the folder. */
const REFERENCE = /^file:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{10}([0-9a-f]{2}))$/;

export interface FileBlobStoreOptions {
  /** Where the files lie; made with mode 0700 when the first blob comes. */
  readonly directory: string;
}

/**
 * Blobs as files of mode 0600, one each, streamed to disk and synced before `put` resolves. A name is random and never
 * used again. Deleting what is not there is a no-op.
 *
 * ```ts
 * const blobs = fileBlobStore({ directory: "/var/lib/app/blobs" });
 * const reference = await blobs.put(new TextEncoder().encode("text"), { contentType: "text/plain" });
 * ```
 */
export function fileBlobStore({ directory }: FileBlobStoreOptions): BlobStore {
  return {
    async put(content, { contentType = DEFAULT_CONTENT_TYPE } = {}): Promise<BlobReference> {
      const $blob = `file:${randomUUID()}`;
      try {
        const bytes = await writeDurably(placeOf(directory, $blob) as string, content);
        return { $blob, bytes, contentType };
      } catch (error) {
        throw isFileSystemError(error) ? toStorageError(error, directory) : error;
      }
    },
    async get({ $blob }) {
      const place = placeOf(directory, $blob);
      if (place === undefined) throw blobNotFound($blob);
      try {
        return new Uint8Array(await readFile(place));
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === "ENOENT"
          ? blobNotFound($blob)
          : toStorageError(error, directory);
      }
    },
    async delete({ $blob }) {
      const place = placeOf(directory, $blob);
      if (place !== undefined) await rm(place, { force: true });
    },
  };
}

/** Spread over folders by the last two digits, which are random. */
function placeOf(directory: string, reference: unknown): string | undefined {
  const [, name, folder] = (typeof reference === "string" && REFERENCE.exec(reference)) || [];
  return name === undefined || folder === undefined ? undefined : join(directory, folder, name);
}

function blobNotFound(reference: unknown): StorageError {
  return new StorageError("blob_not_found", `There is no blob ${JSON.stringify(reference)}.`);
}

/** What the caller's own stream throws is the caller's. */
function isFileSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException | null)?.syscall === "string";
}
