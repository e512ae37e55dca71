import { createRequire } from "node:module";
import { loadModule } from "../../loading/load-module.js";
import { tooMuch } from "./parse-failure.js";

/** Elements of one page. Selecting compares siblings with each other, so that this also bounds the time it takes. */
export const MAX_HTML_ELEMENTS = 50_000;
/** Elements within elements. Browsers stop at this depth too. */
export const MAX_HTML_DEPTH = 512;

/** A parsed page, as cheerio takes it. */
export type HtmlDocument = Parameters<typeof import("cheerio/slim")["load"]>[0];

interface DomHandler {
  readonly root: HtmlDocument;
  readonly tagStack: { readonly length: number };
  onopentag(name: string, attributes: Readonly<Record<string, string>>): void;
}

interface HtmlParser {
  readonly DomHandler: new () => DomHandler;
  readonly Parser: new (handler: DomHandler) => { write(text: string): void; end(): void };
}

/**
 * Parses HTML while counting: a page built to take the parser hours (it searches all open elements for every end tag that
 * fits none) or to overflow the stack is refused as soon as it passes a limit. Nothing is run and nothing is loaded.
 * @throws FatalNodeError `content_too_large`
 */
export function parseBoundedHtml(html: string): HtmlDocument {
  const { DomHandler, Parser } = loadHtmlParser();
  let elements = 0;
  class CountingHandler extends DomHandler {
    override onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
      elements += 1;
      if (elements > MAX_HTML_ELEMENTS) {
        throw tooMuch(`The page has more than ${MAX_HTML_ELEMENTS} elements`, "give a smaller part of it");
      }
      if (this.tagStack.length > MAX_HTML_DEPTH) {
        throw tooMuch(`The page is nested deeper than ${MAX_HTML_DEPTH} elements`, "no browser shows it either");
      }
      super.onopentag(name, attributes);
    }
  }
  const handler = new CountingHandler();
  const parser = new Parser(handler);
  parser.write(html);
  parser.end();
  return handler.root;
}

/** The parser beneath cheerio, in the very version that cheerio uses, since they share their nodes. */
function loadHtmlParser(): HtmlParser {
  const require = createRequire(import.meta.url);
  return createRequire(require.resolve("cheerio/slim"))("htmlparser2") as HtmlParser;
}

export type HtmlQuery = ReturnType<typeof import("cheerio/slim")["load"]>;

/** A page to be asked with CSS selectors. @throws FatalNodeError `content_too_large` */
export function openHtml(html: string): HtmlQuery {
  const { load } = loadModule<typeof import("cheerio/slim")>("cheerio/slim");
  return load(parseBoundedHtml(html));
}
