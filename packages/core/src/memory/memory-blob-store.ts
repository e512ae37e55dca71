import { StorageError } from "../errors/errors.js";
import type { BlobReference, BlobStore } from "../ports/blob-store.js";
import type { Ids } from "../ports/ids.js";
import { systemIds } from "../system/system-ids.js";

const DEFAULT_MAX_TOTAL_BYTES = 256 * 1024 * 1024;

/** Blobs in memory, up to `maxTotalBytes` (256 MiB) together. */
export function memoryBlobStore(options: { readonly maxTotalBytes?: number; readonly ids?: Ids } = {}): BlobStore {
  const { maxTotalBytes = DEFAULT_MAX_TOTAL_BYTES, ids = systemIds } = options;
  const blobs = new Map<string, Uint8Array>();
  let totalBytes = 0;
  return {
    async put(content, { contentType = "application/octet-stream" } = {}): Promise<BlobReference> {
      const bytes = await readAll(content, maxTotalBytes - totalBytes);
      const key = ids.next();
      blobs.set(key, bytes);
      totalBytes += bytes.byteLength;
      return { $blob: `memory:${key}`, bytes: bytes.byteLength, contentType };
    },
    async get({ $blob }) {
      const bytes = blobs.get($blob.replace(/^memory:/, ""));
      if (bytes === undefined) throw new StorageError("blob_not_found", `There is no blob "${$blob}".`);
      return bytes;
    },
    async delete({ $blob }) {
      const key = $blob.replace(/^memory:/, "");
      totalBytes -= blobs.get(key)?.byteLength ?? 0;
      blobs.delete(key);
    },
  };
}

async function readAll(content: Parameters<BlobStore["put"]>[0], room: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array) => {
    size += part.byteLength;
    if (size > room)
      throw new StorageError("storage_unavailable", "The memory blob store is full; use a blob store on disk.");
    parts.push(Uint8Array.from(part));
  };
  if (content instanceof Uint8Array) add(content);
  else
    for await (const part of content as AsyncIterable<Uint8Array | string>)
      add(typeof part === "string" ? new TextEncoder().encode(part) : part);
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
