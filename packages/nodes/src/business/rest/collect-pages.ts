import { FatalNodeError } from "@automatrix/core";

/** However small the pages of a service are: more requests than this are not made for one result. */
const MAX_PAGES = 500;

export interface Page {
  readonly items: readonly unknown[];
  /** Where the next page begins; nothing after the last. */
  readonly nextCursor?: string;
  /** How many there are in all, where the service says so. */
  readonly total?: number;
}

export interface PagesParams {
  /** Most items wanted. The last page may bring it above. */
  readonly limit: number;
  readonly maxPageSize: number;
  readonly cursor?: string | undefined;
  readonly fetchPage: (size: number, cursor: string | undefined) => Promise<Page>;
}

/**
 * Reads pages until there are enough items or no more.
 * @throws FatalNodeError `service_refused` when the service gives out the same cursor twice
 */
export async function collectPages({ limit, maxPageSize, cursor, fetchPage }: PagesParams): Promise<Page> {
  const items: unknown[] = [];
  const seen = new Set<string>();
  let next = cursor;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await fetchPage(Math.min(maxPageSize, limit - items.length), next);
    for (const item of page.items) items.push(item);
    next = page.nextCursor;
    const total = page.total === undefined ? {} : { total: page.total };
    if (next === undefined) return { items, ...total };
    if (items.length >= limit) return { items, nextCursor: next, ...total };
    if (seen.has(next)) {
      throw new FatalNodeError("The service gives out the same page again and again.", { code: "service_refused" });
    }
    seen.add(next);
  }
  return next === undefined ? { items } : { items, nextCursor: next };
}
