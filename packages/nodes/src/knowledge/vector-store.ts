/** Where vectors lie: every tenant has namespaces of its own, and vectors of one namespace have one length. */
export interface VectorSpace {
  readonly tenant: string | null;
  readonly namespace: string;
}

export type MetadataValue = string | number | boolean | null;
export type Metadata = Readonly<Record<string, MetadataValue>>;
/** What metadata must be to match: one value, or one of several, for every name given. A name that is missing never matches. */
export type MetadataFilter = Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>;

export interface VectorRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly text: string | null;
  readonly metadata: Metadata;
}

export interface VectorQuery {
  readonly vector: readonly number[];
  /** How many matches at most. */
  readonly limit: number;
  readonly filter: MetadataFilter;
  readonly signal: AbortSignal;
}

/** A record that was found. */
export interface VectorMatch {
  readonly id: string;
  /** Cosine similarity, from -1 to 1. */
  readonly score: number;
  readonly text: string | null;
  readonly metadata: Metadata;
}

/**
 * Vectors with text and metadata, searched by cosine similarity. Callers check records and queries before
 * (`check-records.ts`): vectors are finite and not zero, names and texts can be stored anywhere.
 */
export interface VectorStore {
  /**
   * Writes all records or none, in place of those with the same ids. Of two records with one id the last counts. The
   * first write decides the length of a namespace's vectors.
   * @throws FatalNodeError `invalid_input` when the length of a vector differs, `storage_full`
   * @throws RetryableNodeError `vector_store_unavailable`
   */
  upsert(space: VectorSpace, records: readonly VectorRecord[]): Promise<void>;
  /**
   * The most similar records, best first, equal ones by id; exact, not approximate. None for a namespace that is not there.
   * @throws FatalNodeError `invalid_input` when the vector's length differs from the namespace's
   * @throws RetryableNodeError `vector_store_unavailable`
   */
  search(space: VectorSpace, query: VectorQuery): Promise<readonly VectorMatch[]>;
  /** Deletes records by id, or the whole namespace with its length; resolves to how many records there were. */
  delete(space: VectorSpace, ids: readonly string[] | "all"): Promise<number>;
  /** Ends what the store has opened. It can be called again. */
  close(): Promise<void>;
}
