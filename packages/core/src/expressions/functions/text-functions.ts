import { MAX_RESULT_SIZE } from "../expression-limits.js";
import { chargeSearch, integerOf, listOf, textOf } from "./arguments.js";
import { defineFunction, type FunctionContext, type FunctionTable } from "./function-table.js";
import { elementAt, sliceOf } from "./positions.js";

/** Functions of texts. Null counts as an empty text. */
export const textFunctions: FunctionTable = {
  upper: defineFunction("upper(text)", ([text], context) => textOf(text, context).toUpperCase()),
  lower: defineFunction("lower(text)", ([text], context) => textOf(text, context).toLowerCase()),
  trim: defineFunction("trim(text)", ([text], context) => textOf(text, context).trim()),
  trimStart: defineFunction("trimStart(text)", ([text], context) => textOf(text, context).trimStart()),
  trimEnd: defineFunction("trimEnd(text)", ([text], context) => textOf(text, context).trimEnd()),
  capitalize: defineFunction("capitalize(text)", ([text], context) => capitalize(textOf(text, context))),
  titleCase: defineFunction("titleCase(text)", ([text], context) =>
    textOf(text, context)
      .toLowerCase()
      .replace(/(?:^|\s)\p{L}/gu, (start) => start.toUpperCase()),
  ),
  camelCase: defineFunction("camelCase(text)", ([text], context) => {
    const [first, ...rest] = wordsOf(text, context);
    return [first ?? "", ...rest.map(capitalize)].join("");
  }),
  snakeCase: defineFunction("snakeCase(text)", ([text], context) => wordsOf(text, context).join("_")),
  kebabCase: defineFunction("kebabCase(text)", ([text], context) => wordsOf(text, context).join("-")),
  slug: defineFunction("slug(text)", ([text], context) => slugOf(textOf(text, context), context)),
  split: defineFunction("split(text, separator)", ([text, separator], context) => splitText(text, separator, context)),
  lines: defineFunction("lines(text)", ([text], context) =>
    splitText(textOf(text, context).replaceAll("\r\n", "\n"), "\n", context),
  ),
  join: defineFunction("join(list, separator?)", ([list, separator], context) =>
    joinTexts(listOf(list, context, "join()"), separator === undefined ? "," : textOf(separator, context), context),
  ),
  replace: defineFunction("replace(text, search, replacement)", replaceText),
  replaceAll: defineFunction("replaceAll(text, search, replacement)", replaceText),
  replaceFirst: defineFunction("replaceFirst(text, search, replacement)", (values, context) => {
    const [text, search, replacement] = [textOf(values[0], context), textOf(values[1], context), values[2]];
    chargeSearch(text, search, context);
    const with_ = textOf(replacement, context);
    context.chargeText(text.length + with_.length);
    return text.replace(search, () => with_);
  }),
  startsWith: defineFunction("startsWith(text, start)", ([text, start], context) =>
    textOf(text, context).startsWith(textOf(start, context)),
  ),
  endsWith: defineFunction("endsWith(text, end)", ([text, end], context) =>
    textOf(text, context).endsWith(textOf(end, context)),
  ),
  substring: defineFunction("substring(text, start, end?)", ([text, start, end], context) =>
    sliceOf(textOf(text, context), start, end, context),
  ),
  padStart: defineFunction("padStart(text, length, fill?)", ([text, length, fill], context) => {
    const target = padLength(length, context);
    return textOf(text, context).padStart(target, fill === undefined ? " " : textOf(fill, context));
  }),
  padEnd: defineFunction("padEnd(text, length, fill?)", ([text, length, fill], context) => {
    const target = padLength(length, context);
    return textOf(text, context).padEnd(target, fill === undefined ? " " : textOf(fill, context));
  }),
  repeat: defineFunction("repeat(text, count)", ([text, count], context) => {
    const repeated = textOf(text, context);
    const times = Math.max(0, integerOf(count, context, "repeat()"));
    context.chargeText(Math.min(repeated.length * times, MAX_RESULT_SIZE));
    return repeated === "" ? "" : repeated.repeat(times);
  }),
  truncate: defineFunction("truncate(text, length, ending?)", ([text, length, ending], context) => {
    const whole = textOf(text, context);
    const limit = Math.max(0, integerOf(length, context, "truncate()"));
    if (whole.length <= limit) return whole;
    const suffix = ending === undefined ? "…" : textOf(ending, context);
    return `${whole.slice(0, Math.max(0, limit - suffix.length))}${suffix}`.slice(0, limit);
  }),
  stripTags: defineFunction("stripTags(text)", ([text], context) => textOf(text, context).replace(/<[^<>]*>/g, "")),
  escapeHtml: defineFunction("escapeHtml(text)", ([text], context) => {
    const escaped = textOf(text, context).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
    context.chargeText(escaped.length);
    return escaped;
  }),
  encodeUrl: defineFunction("encodeUrl(text)", ([text], context) => {
    const encoded = encodeURIComponent(textOf(text, context).replace(/\p{Surrogate}/gu, "\uFFFD"));
    context.chargeText(encoded.length);
    return encoded;
  }),
  decodeUrl: defineFunction("decodeUrl(text)", ([text], context) => {
    try {
      return decodeURIComponent(textOf(text, context));
    } catch (cause) {
      if (!(cause instanceof URIError)) throw cause;
      return context.fail("expression_failed", "decodeUrl() needs a URL-encoded text", { cause });
    }
  }),
  encodeBase64: defineFunction("encodeBase64(text)", ([text], context) => {
    const encoded = Buffer.from(textOf(text, context), "utf8").toString("base64");
    context.chargeText(encoded.length);
    return encoded;
  }),
  decodeBase64: defineFunction("decodeBase64(text)", ([text], context) =>
    Buffer.from(textOf(text, context), "base64").toString("utf8"),
  ),
  isEmail: defineFunction("isEmail(value)", ([value]) => {
    const MAX_ADDRESS_LENGTH = 320;
    return typeof value === "string" && value.length <= MAX_ADDRESS_LENGTH && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value);
  }),
  isUrl: defineFunction("isUrl(value)", ([value], context) => parseUrl(value, context) !== undefined),
  domain: defineFunction("domain(url)", ([url], context) => parseUrl(url, context)?.hostname ?? null),
  charAt: defineFunction("charAt(text, index)", ([text, index], context) =>
    elementAt(textOf(text, context), index, context),
  ),
};

/** Splits a text; the number of parts counts. */
export function splitText(text: unknown, separator: unknown, context: FunctionContext): readonly string[] {
  const whole = textOf(text, context);
  const by = textOf(separator, context);
  chargeSearch(whole, by, context);
  const parts = whole.split(by, context.remainingSteps + 1);
  context.charge(parts.length);
  return parts;
}

/** Joins the texts of values; the length of the whole is checked before it is made. */
export function joinTexts(list: readonly unknown[], separator: string, context: FunctionContext): string {
  let length = separator.length * Math.max(0, list.length - 1);
  const texts: string[] = [];
  for (const value of list) {
    const text = textOf(value, context);
    length += text.length;
    context.checkTextLength(length);
    texts.push(text);
  }
  context.chargeText(length);
  return texts.join(separator);
}

function replaceText([text, search, replacement]: readonly unknown[], context: FunctionContext): string {
  const wanted = textOf(search, context);
  if (wanted === "") return textOf(text, context);
  return joinTexts(splitText(text, wanted, context), textOf(replacement, context), context);
}

function padLength(length: unknown, context: FunctionContext): number {
  const target = Math.max(0, integerOf(length, context, "padStart() and padEnd()"));
  context.chargeText(target);
  return target;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function wordsOf(text: unknown, context: FunctionContext): readonly string[] {
  const spaced = textOf(text, context).replace(/(?<=[\p{Ll}\d])(?=\p{Lu})/gu, " ");
  const words = spaced.match(/[\p{L}\p{N}]+/gu) ?? [];
  context.charge(words.length);
  return words.map((word) => word.toLowerCase());
}

function slugOf(text: string, context: FunctionContext): string {
  return wordsOf(
    text
      .normalize("NFKD")
      .replace(/\p{M}+/gu, "")
      .toLowerCase(),
    context,
  ).join("-");
}

function parseUrl(value: unknown, context: FunctionContext): URL | undefined {
  if (typeof value !== "string") return undefined;
  context.chargeText(value.length);
  return /^[a-z][a-z0-9+.-]{0,31}:\/\//i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
}
