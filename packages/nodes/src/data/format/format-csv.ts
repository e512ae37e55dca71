import { joinBounded } from "./bounded-text.js";
import { cellText, type Table } from "./table.js";

export interface CsvStyle {
  readonly delimiter: string;
  readonly header: boolean;
  readonly lineBreak: "\n" | "\r\n";
  /** Whether text that a spreadsheet would run as a formula is made plain by an apostrophe before it. */
  readonly protectFormulas: boolean;
}

/** First characters by which Excel, LibreOffice or Google Sheets take a cell for a formula, full-width forms included. */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
/** Numbers and telephone numbers begin that way too, and can call nothing. */
const HARMLESS = /^[+-][\d\s.,()/-]*$/;

/** CSV after RFC 4180: cells in quotes where they must be, quotes doubled, a line break after every row. */
export function formatCsv({ header, rows }: Table, style: CsvStyle): Promise<string> {
  return joinBounded(lines());

  function* lines(): Generator<string> {
    if (style.header && header !== undefined) yield toLine(header, style);
    for (const row of rows) yield toLine(row, style);
  }
}

function toLine(cells: readonly unknown[], style: CsvStyle): string {
  const line = cells.map((cell) => quoted(plainCell(cell, style), style.delimiter)).join(style.delimiter);
  // A row of one empty cell would else be an empty line, which readers leave out.
  return (line === "" && cells.length === 1 ? '""' : line) + style.lineBreak;
}

function plainCell(cell: unknown, { protectFormulas }: CsvStyle): string {
  const text = cellText(cell);
  const isFormula = protectFormulas && typeof cell === "string" && FORMULA_START.test(text) && !HARMLESS.test(text);
  return isFormula ? `'${text}` : text;
}

function quoted(text: string, delimiter: string): string {
  if (text === "") return text;
  const mustQuote = text.includes(delimiter) || /["\r\n]|^\s|\s$/.test(text);
  return mustQuote ? `"${text.replaceAll('"', '""')}"` : text;
}
