import type { NodeContext } from "@automatrix/core";

/** A record to be found by what it is matched on, and changed or made. */
export interface CrmRecord {
  /** Kind of record, such as `contact`. */
  readonly entity: string;
  /** Values that tell the record apart, such as `{ email }`. */
  readonly match: Readonly<Record<string, string | number | boolean>>;
  /** Values to write; others of the record stay. */
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface CrmUpsert {
  readonly id: string;
  readonly created: boolean;
}

export type CrmCall = Pick<NodeContext, "http" | "signal" | "clock" | "logger" | "idempotencyKey" | "credentials"> & {
  readonly tenant: string | null;
};

/**
 * Where customer records are kept. `upsert` is atomic and idempotent: of two calls with the same `match`, also at the same
 * time, at most one makes a record, and the same call again changes nothing. Records of one tenant are never seen by
 * another. Failures are thrown as `RetryableNodeError` or `FatalNodeError`.
 */
export interface CrmStore {
  upsert(record: CrmRecord, call: CrmCall): Promise<CrmUpsert>;
}
