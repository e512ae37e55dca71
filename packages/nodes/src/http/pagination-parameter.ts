import { z } from "@automatrix/core";

const DEFAULT_MAX_PAGES = 100;
const GREATEST_MAX_PAGES = 10_000;

const itemsPath = () =>
  z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("Where the items of a page stand, such as data.items; the body itself when left out.");

const maxPages = () =>
  z.int().min(1).max(GREATEST_MAX_PAGES).default(DEFAULT_MAX_PAGES).describe("Pages read at most.");

/** Schema of the `pagination` parameter. */
export function paginationParameter() {
  const cursor = z.object({
    type: z.literal("cursor").describe("Each page names the cursor of the next one."),
    cursorPath: z.string().min(1).max(500).describe("Where a page names the next cursor, such as meta.next_cursor."),
    parameter: z.string().min(1).max(200).default("cursor").describe("Query parameter that takes the cursor."),
    itemsPath: itemsPath(),
    maxPages: maxPages(),
  });
  const page = z.object({
    type: z.literal("page").describe("Pages are numbered; an empty one is the end."),
    parameter: z.string().min(1).max(200).default("page").describe("Query parameter that takes the number."),
    start: z.int().min(0).default(1).describe("Number of the first page; 0 for offsets."),
    step: z.int().min(1).default(1).describe("Added for each page; the size of a page for offsets."),
    itemsPath: itemsPath(),
    maxPages: maxPages(),
  });
  const link = z.object({
    type: z.literal("link").describe('The Link header names the next page as rel="next".'),
    itemsPath: itemsPath(),
    maxPages: maxPages(),
  });
  return z
    .discriminatedUnion("type", [cursor, page, link])
    .optional()
    .describe("Reads several pages; the body is then the list of all items.");
}

export type PaginationParameter = NonNullable<z.output<ReturnType<typeof paginationParameter>>>;
