/** A large or binary value kept outside the rows; plain JSON, so that it can stand in an output. */
export interface BlobReference {
  readonly $blob: string;
  readonly bytes: number;
  readonly contentType: string;
}

/** Large and binary values. `put` is atomic; a reference is never reused for other content. */
export interface BlobStore {
  put(
    content: Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: { readonly contentType?: string },
  ): Promise<BlobReference>;
  /** @throws StorageError `blob_not_found` */
  get(reference: BlobReference): Promise<Uint8Array>;
  delete(reference: BlobReference): Promise<void>;
}
