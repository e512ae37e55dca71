import { randomUUID } from "node:crypto";
import { type BlobReference, type BlobStore, StorageError } from "@automatrix/core";
import type { PostgresConnection } from "./connection/connection.js";

const PREFIX = "postgres:";

/** Bytes of one row: a stream of any length needs no more memory than this. */
const CHUNK_BYTES = 1024 * 1024;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Blobs in the same schema, in chunks. A blob is there once its row in `blobs` is, which is written last; no
 * transaction stays open while a slow stream comes in.
 */
export class PostgresBlobStore implements BlobStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async put(
    content: Parameters<BlobStore["put"]>[0],
    { contentType = "application/octet-stream" }: { readonly contentType?: string } = {},
  ): Promise<BlobReference> {
    const { schema } = this.#connection;
    const id = randomUUID();
    try {
      const bytes = await this.#writeChunks(id, content);
      await this.#connection.execute({
        text: `INSERT INTO ${schema}.blobs (id, bytes) VALUES ($1, $2::bigint)`,
        values: [id, bytes],
      });
      return { $blob: `${PREFIX}${id}`, bytes, contentType };
    } catch (error) {
      // What stays behind where even this fails is swept up later (sql/delete-ended.ts).
      await this.#deleteChunks(id).catch(() => {});
      throw error;
    }
  }

  async get({ $blob }: BlobReference): Promise<Uint8Array> {
    const { schema } = this.#connection;
    const id = parseId($blob);
    const rows = await this.#connection.query<{ content: Buffer | null }>({
      text: `SELECT c.content FROM ${schema}.blobs b LEFT JOIN ${schema}.blob_chunks c ON c.blob_id = b.id
        WHERE b.id = $1 ORDER BY c.number`,
      values: [id],
    });
    if (id === null || rows.length === 0) throw new StorageError("blob_not_found", `There is no blob "${$blob}".`);
    return new Uint8Array(Buffer.concat(rows.flatMap(({ content }) => (content === null ? [] : [content]))));
  }

  async delete({ $blob }: BlobReference): Promise<void> {
    const id = parseId($blob);
    if (id === null) return;
    const { schema } = this.#connection;
    await this.#connection.execute({
      text: `WITH gone AS (DELETE FROM ${schema}.blobs WHERE id = $1)
        DELETE FROM ${schema}.blob_chunks WHERE blob_id = $1`,
      values: [id],
    });
  }

  async #writeChunks(id: string, content: Parameters<BlobStore["put"]>[0]): Promise<number> {
    let bytes = 0;
    let number = 0;
    for await (const chunk of toChunks(content)) {
      await this.#connection.execute({
        text: `INSERT INTO ${this.#connection.schema}.blob_chunks (blob_id, number, content) VALUES ($1, $2, $3)`,
        values: [id, number++, chunk],
      });
      bytes += chunk.byteLength;
    }
    return bytes;
  }

  async #deleteChunks(id: string): Promise<void> {
    await this.#connection.execute({
      text: `DELETE FROM ${this.#connection.schema}.blob_chunks WHERE blob_id = $1`,
      values: [id],
    });
  }
}

/** The same bytes in pieces of one size. */
async function* toChunks(content: Parameters<BlobStore["put"]>[0]): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const parts = content instanceof Uint8Array ? [content] : (content as AsyncIterable<Uint8Array | string>);
  for await (const part of parts) {
    let rest = Buffer.from(part as Uint8Array);
    while (pendingBytes + rest.byteLength >= CHUNK_BYTES) {
      const room = CHUNK_BYTES - pendingBytes;
      yield Buffer.concat([...pending, rest.subarray(0, room)]);
      rest = rest.subarray(room);
      pending = [];
      pendingBytes = 0;
    }
    if (rest.byteLength > 0) pending.push(rest);
    pendingBytes += rest.byteLength;
  }
  if (pendingBytes > 0) yield Buffer.concat(pending);
}

/** Null for a reference of another store. */
function parseId(reference: string): string | null {
  const id = reference.startsWith(PREFIX) ? reference.slice(PREFIX.length) : "";
  return UUID.test(id) ? id : null;
}
