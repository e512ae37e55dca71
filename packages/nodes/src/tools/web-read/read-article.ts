import { type HtmlQuery, openHtml } from "../../data/parse/bounded-html.js";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import { blockText } from "./block-text.js";

/** What is worth reading of a page. */
export interface Article {
  readonly title: string | null;
  readonly text: string;
  readonly excerpt: string | null;
  readonly byline: string | null;
}

/**
 * What finding the article costs: it reads the text of every element once for each element around it, and compares
 * neighbours. A page over these is read as a whole instead, in one pass.
 */
const MAX_ARTICLE_ELEMENTS = 10_000;
const MAX_NESTING_SUM = 200_000;
const MAX_TEXT_NESTING_SUM = 10_000_000;
const EXCERPT_LENGTH = 300;
const MAX_LINE_LENGTH = 1_000;

/** The packages as far as they are used: their own types need those of a browser. */
interface Linkedom {
  parseHTML(html: string): { readonly document: object };
}

interface ReadabilityModule {
  readonly Readability: new (
    document: object,
  ) => {
    parse(): {
      readonly title?: string | null;
      readonly content?: string | null;
      readonly excerpt?: string | null;
      readonly byline?: string | null;
    } | null;
  };
}

/**
 * The article of a page, without navigation and advertisements; the text of the whole page when there is none. Nothing of
 * the page is run or loaded.
 * @throws FatalNodeError `content_too_large`, or `not_configured` without the packages
 */
export function readArticle(html: string): Article {
  const page = openHtml(html);
  const found = isCheap(page) ? findArticle(html) : undefined;
  const text = found?.text || blockText(page.root()[0]);
  return {
    title: oneLine(found?.title) ?? oneLine(page("title").first().text()),
    text,
    excerpt: oneLine(found?.excerpt) ?? oneLine(text.slice(0, EXCERPT_LENGTH)),
    byline: oneLine(found?.byline) ?? null,
  };
}

function isCheap(page: HtmlQuery): boolean {
  const pending: { readonly node: WorkNode; readonly depth: number }[] = [
    { node: page.root()[0] as WorkNode, depth: 1 },
  ];
  let [elements, nestingSum, textNestingSum] = [0, 0, 0];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const { node, depth } = step;
    elements += node.children === undefined ? 0 : 1;
    nestingSum += depth;
    textNestingSum += depth * (node.data?.length ?? 0);
    if (elements > MAX_ARTICLE_ELEMENTS || nestingSum > MAX_NESTING_SUM || textNestingSum > MAX_TEXT_NESTING_SUM) {
      return false;
    }
    for (const child of node.children ?? []) pending.push({ node: child, depth: depth + 1 });
  }
  return true;
}

interface WorkNode {
  readonly data?: string;
  readonly children?: readonly WorkNode[];
}

interface FoundArticle {
  readonly title: string | null | undefined;
  readonly text: string;
  readonly excerpt: string | null | undefined;
  readonly byline: string | null | undefined;
}

function findArticle(html: string): FoundArticle | undefined {
  const neededFor = "Reading web pages";
  const { parseHTML } = loadOptionalModule<Linkedom>("linkedom", neededFor);
  const readability = loadOptionalModule<ReadabilityModule>("@mozilla/readability", neededFor);
  const { document } = parseHTML(html);
  const article = parseOrNothing(() => new readability.Readability(document).parse());
  if (article === null || article === undefined) return undefined;
  const { title, content, excerpt, byline } = article;
  return { title, excerpt, byline, text: blockText(openHtml(content ?? "").root()[0]) };
}

/** The libraries throw on pages without a body and such; the page is then read as a whole. */
function parseOrNothing<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function oneLine(text: string | null | undefined): string | null {
  const line = (text ?? "").replace(/\s+/g, " ").trim().slice(0, MAX_LINE_LENGTH);
  return line === "" ? null : line;
}
