import { defineNode, z } from "@automatrix/core";
import { requireLength } from "./bounded-text.js";
import { formatCsv } from "./format-csv.js";
import { formatHtml, formatMarkdown } from "./format-tables.js";
import { formatXml } from "./format-xml.js";
import { type Column, toTable } from "./table.js";

const KINDS = ["json", "csv", "markdown", "html", "xml"] as const;
const MAX_COLUMNS = 10_000;
const MAX_INDENT = 10;

interface FormatParameters {
  readonly kind: (typeof KINDS)[number];
  readonly columns?: readonly (string | { readonly field: string; readonly label?: string | undefined })[] | undefined;
  readonly header: boolean;
  readonly delimiter: string;
  readonly lineBreak: "lf" | "crlf";
  readonly protectFormulas: boolean;
  readonly indent: number;
}

/** Turns data into text: JSON, CSV, XML, or a table in Markdown or HTML. */
export const format = defineNode({
  type: "format",
  label: "Format",
  description: "Turns data into text: JSON, CSV, XML, or a table in Markdown or HTML.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      kind: z.enum(KINDS).describe("What to write: json, csv, markdown (a table), html (a table) or xml."),
      data: z
        .unknown()
        .optional()
        .describe(
          "What to write, the input when left out. Tables and csv take a list of objects, of lists or of values; xml an object with one member, its root.",
        ),
      columns: z
        .array(
          z.union([
            z.string().min(1),
            z.object({
              field: z.string().min(1).describe("Field of a row, dots reach inside."),
              label: z.string().optional().describe("What stands above it; the field when left out."),
            }),
          ]),
        )
        .min(1)
        .max(MAX_COLUMNS)
        .optional()
        .describe("Tables and csv: the columns in their order; every field that occurs when left out."),
      header: z.boolean().default(true).describe("csv: whether the first row names the columns."),
      delimiter: z
        .string()
        .length(1)
        .refine((text) => !/["\r\n]/.test(text), "A delimiter is no quote and no line break.")
        .default(",")
        .describe("csv: what separates cells."),
      lineBreak: z.enum(["lf", "crlf"]).default("lf").describe("csv: how a row ends."),
      protectFormulas: z
        .boolean()
        .default(true)
        .describe(
          "csv: puts an apostrophe before text that a spreadsheet would run as a formula (=, +, -, @ first). Turn it off only for files that no person opens.",
        ),
      indent: z
        .number()
        .int()
        .min(0)
        .max(MAX_INDENT)
        .default(2)
        .describe("json, xml: spaces per level, 0 for one line."),
    }),
  example: {
    parameters: { kind: "csv", columns: ["sku", { field: "price.amount", label: "price" }] },
    input: [{ sku: "007", price: { amount: 89.5 } }],
    output: "sku,price\n007,89.5\n",
  },
  execute({ parameters, input }) {
    const data: unknown = parameters.data === undefined ? input : parameters.data;
    return formatData(data, parameters);
  },
});

function formatData(data: unknown, parameters: FormatParameters): string | Promise<string> {
  const { kind, indent, header, delimiter, protectFormulas } = parameters;
  switch (kind) {
    case "json":
      return requireLength(JSON.stringify(data ?? null, null, indent));
    case "xml":
      return formatXml(data, indent);
    case "markdown":
      return formatMarkdown(toTable(data, columnsOf(parameters)));
    case "html":
      return formatHtml(toTable(data, columnsOf(parameters)));
    case "csv": {
      const lineBreak = parameters.lineBreak === "crlf" ? "\r\n" : "\n";
      return formatCsv(toTable(data, columnsOf(parameters)), { header, delimiter, protectFormulas, lineBreak });
    }
  }
}

function columnsOf({ columns }: FormatParameters): readonly Column[] | undefined {
  return columns?.map((column) =>
    typeof column === "string"
      ? { field: column, label: column }
      : { field: column.field, label: column.label ?? column.field },
  );
}
