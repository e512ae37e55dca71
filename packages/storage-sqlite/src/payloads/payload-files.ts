import { createHash, randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "@automatrix/core";
import { toStorageError } from "../connection/to-storage-error.js";
import { writeDurably } from "./write-durably.js";

/** Values over this size lie in files beside the database. */
export const MAX_INLINE_BYTES = 16 * 1024;

/** A value that was too large for its row. */
export interface LargePayload {
  readonly reference: string;
  readonly json: string;
}

/**
 * JSON of large inputs, outputs and steps, a file each, in one folder per execution. What a crash leaves behind before
 * its commit lies in the same folder and goes with it.
 */
export class PayloadFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A new name for a payload of this execution. */
  createReference(executionId: string): string {
    return `${folderOf(executionId)}/${randomUUID()}`;
  }

  /** Durable when it resolves. @throws StorageError */
  async write(payloads: readonly LargePayload[]): Promise<void> {
    try {
      await Promise.all(
        payloads.map(({ reference, json }) => writeDurably(this.#placeOf(reference), Buffer.from(json))),
      );
    } catch (error) {
      await this.remove(payloads);
      throw toStorageError(error, this.#directory);
    }
  }

  /** @throws StorageError `storage_corrupt` when the file is gone */
  async read(reference: string): Promise<string> {
    try {
      return await readFile(this.#placeOf(reference), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw toStorageError(error, this.#directory);
      throw new StorageError(
        "storage_corrupt",
        `The payload "${reference}" is missing in "${this.#directory}"; that folder belongs to the database and moves with it.`,
        { cause: error },
      );
    }
  }

  /** Removes payloads whose commit was not written; what cannot be removed goes with its execution. */
  async remove(payloads: readonly LargePayload[]): Promise<void> {
    await Promise.allSettled(payloads.map(({ reference }) => rm(this.#placeOf(reference), { force: true })));
  }

  /** Removes everything of these executions, known or left behind. */
  async removeAll(executionIds: readonly string[]): Promise<void> {
    for (const id of executionIds) await rm(this.#placeOf(folderOf(id)), { recursive: true, force: true });
  }

  #placeOf(reference: string): string {
    return join(this.#directory, ...reference.split("/"));
  }
}

/** An id may be any text, a folder's name may not. */
function folderOf(executionId: string): string {
  const digest = createHash("sha256").update(JSON.stringify(executionId)).digest("hex");
  return `${digest.slice(0, 2)}/${digest.slice(2, 34)}`;
}
