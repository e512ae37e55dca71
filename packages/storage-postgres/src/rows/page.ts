import { type Page, StorageError } from "@automatrix/core";

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/** Rows of a page: 1–1,000, default 100. */
export function toPageSize(limit: number = DEFAULT_PAGE_SIZE): number {
  return Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE_SIZE);
}

/** The page out of one row more than it holds, which tells whether another follows. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  params: { readonly size: number; readonly toItem: (row: Row) => Item; readonly toCursor: (row: Row) => string },
): Page<Item> {
  const { size, toItem, toCursor } = params;
  const items = rows.slice(0, size).map(toItem);
  const last = rows[size - 1];
  return rows.length > size && last !== undefined ? { items, nextCursor: toCursor(last) } : { items };
}

/** The numbers that a cursor is made of. @throws StorageError `invalid_input` */
export function parseCursor(cursor: string, count: number): readonly number[] {
  const numbers = cursor.split("_").map((part) => (/^-?\d+(\.\d+)?$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.length !== count || numbers.some((number) => !Number.isFinite(number)))
    throw new StorageError("invalid_input", "The cursor is none of this list.");
  return numbers;
}
