import { type Page, StorageError } from "@automatrix/core";

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;
const CURSOR = /^\d{1,15}$/;

export interface PageParams {
  readonly limit?: number;
  readonly cursor?: string;
}

/** A row that has its place in a list. */
export interface OrdinalRow {
  readonly ordinal: number;
}

export function pageSizeOf({ limit = DEFAULT_PAGE_SIZE }: PageParams): number {
  return Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE_SIZE);
}

/** The place after which the page begins; undefined for the first one. @throws StorageError `invalid_input` */
export function parseCursor({ cursor }: PageParams): number | undefined {
  if (cursor === undefined) return undefined;
  if (!CURSOR.test(cursor)) throw new StorageError("invalid_input", `"${cursor}" is no cursor of this list.`);
  return Number(cursor);
}

/** A page of rows, of which one more was read than fits, to see whether there is a next page. */
export function toPage<Row extends OrdinalRow, Item>(
  rows: readonly Row[],
  params: PageParams & { readonly toItem: (row: Row) => Item },
): Page<Item> {
  const size = pageSizeOf(params);
  const items = rows.slice(0, size).map(params.toItem);
  const last = rows[size - 1];
  return rows.length > size && last !== undefined ? { items, nextCursor: String(last.ordinal) } : { items };
}
