import { FatalNodeError } from "@automatrix/core";
import { fieldReader } from "../json/field-path.js";
import { jsonKind } from "../json/json-kind.js";
import type { PaginationParameter } from "./pagination-parameter.js";

/** What a page says about where the next one is. */
export interface Page {
  readonly url: URL;
  readonly headers: Headers;
  readonly body: unknown;
  readonly items: readonly unknown[];
}

/** Longest cursor that is sent back, in characters. */
const MAX_CURSOR_LENGTH = 8_192;

/** The address of the first page. */
export function firstPageUrl(url: URL, pagination: PaginationParameter): URL {
  return pagination.type === "page" ? withQuery(url, pagination.parameter, String(pagination.start)) : url;
}

/**
 * The address of the page after this one; undefined after the last. A cursor that comes again ends it too.
 * @param index number of this page, from 0
 * @param seen cursors so far; the next one is added
 * @throws FatalNodeError `invalid_response`, `redirect_refused`
 */
export function nextPageUrl(
  page: Page,
  pagination: PaginationParameter,
  { index, seen }: { readonly index: number; readonly seen: Set<string> },
): URL | undefined {
  const next = nextOf(page, pagination, index);
  if (next === undefined || seen.has(next.href)) return undefined;
  seen.add(next.href);
  return next;
}

/** The items of a page; a missing list is an empty one. @throws FatalNodeError `invalid_response`, `invalid_input` */
export function readItemsOfPage(body: unknown, { itemsPath }: PaginationParameter): readonly unknown[] {
  const items = itemsPath === undefined ? body : fieldReader(itemsPath)(body);
  if (items === undefined || items === null) return [];
  if (Array.isArray(items)) return items;
  const place = itemsPath === undefined ? "The body of a page" : `What a page holds at "${itemsPath}"`;
  throw new FatalNodeError(`${place} is no list but of kind ${jsonKind(items)}; set pagination.itemsPath.`, {
    code: "invalid_response",
  });
}

function nextOf(page: Page, pagination: PaginationParameter, index: number): URL | undefined {
  switch (pagination.type) {
    case "cursor": {
      const cursor = readCursor(page.body, pagination.cursorPath);
      return cursor === undefined ? undefined : withQuery(page.url, pagination.parameter, cursor);
    }
    case "page":
      if (page.items.length === 0) return undefined;
      return withQuery(page.url, pagination.parameter, String(pagination.start + (index + 1) * pagination.step));
    case "link":
      return nextLink(page);
  }
}

function readCursor(body: unknown, cursorPath: string): string | undefined {
  const cursor = fieldReader(cursorPath)(body);
  if (cursor === undefined || cursor === null || cursor === "" || cursor === false) return undefined;
  const text = typeof cursor === "string" || typeof cursor === "number" ? String(cursor) : undefined;
  if (text !== undefined && text.length <= MAX_CURSOR_LENGTH) return text;
  throw new FatalNodeError(`What a page holds at "${cursorPath}" is no cursor but of kind ${jsonKind(cursor)}.`, {
    code: "invalid_response",
  });
}

/** Only within the origin: credentials go along. */
function nextLink({ url, headers }: Page): URL | undefined {
  const target = targetOfNext(headers.get("link") ?? "");
  if (target === undefined) return undefined;
  const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
  if (next !== undefined && next.origin === url.origin) return next;
  throw new FatalNodeError(
    `The next page of "${url.host}" is at another host, which is not followed with pagination.`,
    {
      code: "redirect_refused",
      details: { host: url.host },
    },
  );
}

function targetOfNext(header: string): string | undefined {
  for (const part of header.split("<").slice(1)) {
    const [target = "", parameters = ""] = part.split(">", 2);
    const relation = /;\s*rel\s*=\s*"?([^";,]*)/i.exec(parameters)?.[1] ?? "";
    if (relation.toLowerCase().split(/\s+/).includes("next")) return target.trim();
  }
  return undefined;
}

function withQuery(url: URL, name: string, value: string): URL {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed;
}
