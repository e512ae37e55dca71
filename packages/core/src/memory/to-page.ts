import { StorageError } from "../errors/errors.js";
import type { Page } from "../ports/storage.js";

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/** The part of a list that follows the cursor, which is the id of the last item seen. */
export function toPage<Item extends { readonly id: string }>(
  items: readonly Item[],
  { limit = DEFAULT_PAGE_SIZE, cursor }: { readonly limit?: number; readonly cursor?: string },
): Page<Item> {
  const first = cursor === undefined ? 0 : items.findIndex(({ id }) => id === cursor) + 1;
  if (cursor !== undefined && first === 0)
    throw new StorageError("invalid_input", `"${cursor}" is no cursor of this list.`);
  const size = Math.min(Math.max(1, limit), MAX_PAGE_SIZE);
  const page = items.slice(first, first + size);
  const last = page.at(-1);
  return first + size < items.length && last !== undefined ? { items: page, nextCursor: last.id } : { items: page };
}
