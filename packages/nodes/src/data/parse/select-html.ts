import { FatalNodeError } from "@automatrix/core";
import { type HtmlQuery, openHtml } from "./bounded-html.js";
import { tooMuch } from "./parse-failure.js";

/** What to read of the elements that a selector finds. */
export interface HtmlSelection {
  readonly selector: string;
  /** Name of an attribute; the text when left out. */
  readonly attribute?: string | undefined;
  /** True: a list of all; false: the first, or null. */
  readonly multiple: boolean;
}

/** Several readings of each element that the outer selector finds. */
export type HtmlFields = Readonly<
  Record<
    string,
    { readonly selector?: string | undefined; readonly attribute?: string | undefined; readonly multiple: boolean }
  >
>;

export interface HtmlFormat extends HtmlSelection {
  readonly fields?: HtmlFields | undefined;
  readonly maxRows: number;
}

type Elements = ReturnType<HtmlQuery>;

/**
 * Reads text or attributes out of HTML.
 * @throws FatalNodeError `invalid_input` for a selector that is none, `content_too_large`
 */
export function selectHtml(html: string, { fields, maxRows, ...selection }: HtmlFormat): unknown {
  const page = openHtml(html);
  const found = find(page.root() as Elements, selection.selector);
  if (found.length > maxRows) throw tooMuch(`The selector finds more than ${maxRows} elements`, "raise `maxRows`");
  const read = fields === undefined ? readerOf(selection.attribute) : fieldsReader(fields);
  return readElements(page, found, { read, multiple: selection.multiple });
}

type Reader = (element: Elements, page: HtmlQuery) => unknown;

function readElements(
  page: HtmlQuery,
  found: Elements,
  { read, multiple }: { readonly read: Reader; readonly multiple: boolean },
): unknown {
  if (!multiple) return found.length === 0 ? null : read(found.first() as Elements, page);
  return found.toArray().map((element) => read(page(element) as unknown as Elements, page));
}

function readerOf(attribute: string | undefined): Reader {
  if (attribute === undefined) return (element) => plainText(element);
  return (element) => element.attr(attribute) ?? null;
}

function fieldsReader(fields: HtmlFields): Reader {
  const readers = Object.entries(fields).map(([name, { selector, attribute, multiple }]) => {
    const read = readerOf(attribute);
    return (element: Elements, page: HtmlQuery) => {
      const found = selector === undefined ? element : find(element, selector);
      return [name, readElements(page, found, { read, multiple })] as const;
    };
  });
  return (element, page) => Object.fromEntries(readers.map((reader) => reader(element, page)));
}

/** Text as a person sees it: without scripts, styles and comments, spaces and line breaks as one space. */
export function plainText(element: Elements): string {
  const text: unknown = element.prop("innerText");
  return typeof text === "string" ? text.replace(/\s+/g, " ").trim() : "";
}

function find(from: Elements, selector: string): Elements {
  try {
    return from.find(selector) as unknown as Elements;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : "unknown reason";
    throw new FatalNodeError(`"${selector.slice(0, 100)}" is not a CSS selector: ${reason}`, { code: "invalid_input" });
  }
}
