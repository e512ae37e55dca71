import { type BlobReference, defineNode, type NodeContext, z } from "@automatrix/core";
import { readContent, readSource, requireSize } from "../content/content.js";
import { decodeText, TEXT_ENCODINGS, type TextEncoding } from "../content/decode-text.js";
import { sourceParameter } from "../content/source-parameter.js";
import { type CsvFormat, parseCsv } from "./parse-csv.js";
import { parseJson } from "./parse-json.js";
import { parseXml } from "./parse-xml.js";
import { parseYaml } from "./parse-yaml.js";
import { type HtmlFields, selectHtml } from "./select-html.js";

const MEBIBYTE = 1024 * 1024;
/** How much text each kind takes unless told otherwise, and at most: parsers differ a hundredfold in speed. */
const MAX_BYTES = {
  json: { usual: 16 * MEBIBYTE, most: 64 * MEBIBYTE },
  csv: { usual: 16 * MEBIBYTE, most: 128 * MEBIBYTE },
  xml: { usual: 4 * MEBIBYTE, most: 8 * MEBIBYTE },
  html: { usual: 4 * MEBIBYTE, most: 16 * MEBIBYTE },
  yaml: { usual: MEBIBYTE, most: 2 * MEBIBYTE },
} as const;
const DEFAULT_MAX_ROWS = 100_000;
const MAX_ROWS = 1_000_000;
const DEFAULT_MAX_DEPTH = 64;
const MAX_DEPTH = 256;
const MAX_SELECTOR_LENGTH = 500;
const MAX_FIELDS = 100;

const KINDS = ["json", "csv", "xml", "html", "yaml"] as const;
type Kind = (typeof KINDS)[number];

interface ParseParameters extends Omit<CsvFormat, "signal"> {
  readonly kind: Kind;
  readonly source?: unknown;
  readonly encoding: TextEncoding;
  readonly maxBytes?: number | undefined;
  readonly maxDepth: number;
  readonly lists: readonly string[];
  readonly removeNamespaces: boolean;
  readonly selector?: string | undefined;
  readonly attribute?: string | undefined;
  readonly multiple: boolean;
  readonly fields?: HtmlFields | undefined;
}

const selectorText = () => z.string().min(1).max(MAX_SELECTOR_LENGTH);
const attributeName = () => z.string().min(1).max(100);
const oneCharacter = (allowed: string) =>
  z.string().refine((text) => text.length <= 1 && text !== "\n" && text !== "\r", allowed);

/** Turns text into data: JSON, CSV, XML, YAML, or what selectors find in HTML. */
export const parse = defineNode({
  type: "parse",
  label: "Parse",
  description: "Turns text or a blob into data: JSON, CSV, XML, YAML, or what CSS selectors find in HTML.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z
      .object({
        kind: z.enum(KINDS).describe("What the text is: json, csv, xml, html or yaml."),
        source: sourceParameter(),
        encoding: z.enum(TEXT_ENCODINGS).default("utf-8").describe("Encoding of the text in a blob."),
        maxBytes: z
          .number()
          .int()
          .positive()
          .optional()
          .describe(
            "Largest source in bytes. Default 16 MiB for json and csv, 4 MiB for xml and html, 1 MiB for yaml.",
          ),
        maxRows: z
          .number()
          .int()
          .positive()
          .max(MAX_ROWS)
          .default(DEFAULT_MAX_ROWS)
          .describe("csv: most rows. html: most elements that the selector may find."),
        maxDepth: z
          .number()
          .int()
          .positive()
          .max(MAX_DEPTH)
          .default(DEFAULT_MAX_DEPTH)
          .describe("json, xml, yaml: deepest nesting."),
        header: z
          .union([z.boolean(), z.array(z.string()).min(1).max(10_000)])
          .default(true)
          .describe(
            "csv: true, the first row names the columns and rows become objects; false, rows become lists; or the names, when the text has none.",
          ),
        delimiter: z
          .string()
          .min(1)
          .max(8)
          .refine((text) => !/["\r\n]/.test(text), "A delimiter holds no quote and no line break.")
          .default(",")
          .describe("csv: what separates cells."),
        quote: oneCharacter("A quote is one character, or empty.")
          .default('"')
          .describe("csv: the character around cells, doubled within them; empty when quotes mean nothing."),
        trim: z.boolean().default(false).describe("csv: whether spaces around cells are dropped."),
        skipEmptyLines: z.boolean().default(true).describe("csv: whether empty lines are left out."),
        types: z
          .union([z.enum(["text", "auto"]), z.record(z.string(), z.enum(["text", "number", "boolean"]))])
          .default("text")
          .describe(
            "csv, xml: `text` keeps every value as it is written; `auto` makes numbers, true, false and null of what plainly is one (never of 007); csv also takes a type by column.",
          ),
        lists: z
          .array(z.string().min(1))
          .max(1_000)
          .default([])
          .describe("xml: names of elements that are lists even when there is one of them."),
        removeNamespaces: z.boolean().default(false).describe("xml: whether `soap:Body` becomes `Body`."),
        selector: selectorText().optional().describe("html: CSS selector of the elements to read."),
        attribute: attributeName().optional().describe("html: attribute to read; the text when left out."),
        multiple: z
          .boolean()
          .default(false)
          .describe("html: true gives a list of all that is found, false the first of them or null."),
        fields: z
          .record(
            z.string().min(1),
            z.object({
              selector: selectorText()
                .optional()
                .describe("Selector within the element; the element itself when left out."),
              attribute: attributeName().optional().describe("Attribute to read; the text when left out."),
              multiple: z.boolean().default(false).describe("A list of all, or the first."),
            }),
          )
          .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, `At most ${MAX_FIELDS} fields.`)
          .optional()
          .describe("html: makes an object of each element found, with what these selectors find within it."),
      })
      .superRefine((given, context) => {
        const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
        const { most } = MAX_BYTES[given.kind];
        if (given.maxBytes !== undefined && given.maxBytes > most) {
          refuse("maxBytes", `For ${given.kind} at most ${most} bytes.`);
        }
        if (given.kind === "html" && given.selector === undefined) refuse("selector", "html needs a selector.");
        if (given.kind === "xml" && typeof given.types !== "string") refuse("types", "xml takes `text` or `auto`.");
        if (given.kind === "csv" && given.quote !== "" && given.delimiter.includes(given.quote)) {
          refuse("quote", "The quote must differ from the delimiter.");
        }
      }),
  example: {
    parameters: { kind: "csv", types: { price: "number" } },
    input: 'sku,name,price\n007,"Wheel, steel",89.5\n',
    output: [{ sku: "007", name: "Wheel, steel", price: 89.5 }],
  },
  async execute(ctx) {
    const parameters: ParseParameters = ctx.parameters;
    const source = readSource(parameters.source, ctx);
    const text = await toText(source, parameters, ctx);
    return parseText(text, parameters, ctx.signal);
  },
});

async function toText(
  source: string | BlobReference,
  { kind, maxBytes = MAX_BYTES[kind].usual, encoding }: ParseParameters,
  ctx: NodeContext<unknown>,
): Promise<string> {
  if (typeof source !== "string") return decodeText(await readContent(source, { maxBytes }, ctx), encoding);
  requireSize(Buffer.byteLength(source), maxBytes);
  return source.startsWith("\uFEFF") ? source.slice(1) : source;
}

function parseText(text: string, parameters: ParseParameters, signal: AbortSignal): unknown {
  const { kind, maxDepth, lists, removeNamespaces, selector = "", attribute, multiple, fields, maxRows } = parameters;
  switch (kind) {
    case "json":
      return parseJson(text, maxDepth);
    case "csv":
      return parseCsv(text, { ...parameters, signal });
    case "xml":
      return parseXml(text, {
        lists,
        removeNamespaces,
        types: parameters.types === "auto" ? "auto" : "text",
        maxDepth,
      });
    case "html":
      return selectHtml(text, { selector, attribute, multiple, fields, maxRows });
    case "yaml":
      return parseYaml(text, maxDepth);
  }
}
