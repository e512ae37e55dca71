import type { CsvError, Options, Parser } from "csv-parse";
import { loadModule } from "../../loading/load-module.js";
import { nextTurn } from "../content/next-turn.js";
import { type CellType, toPlainValue, toTypedValue } from "./cell-types.js";
import { parseFailure, tooMuch } from "./parse-failure.js";

/** Bytes handed to the parser at once; in between, other work gets its turn. */
const CHUNK_BYTES = 64 * 1024;
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_COLUMNS = 10_000;

export interface CsvFormat {
  /** True: the first row names the columns. False: rows are lists. A list: these are the names, and no row holds any. */
  readonly header: boolean | readonly string[];
  readonly delimiter: string;
  /** One character; empty when quotes mean nothing. */
  readonly quote: string;
  readonly trim: boolean;
  readonly skipEmptyLines: boolean;
  /** `text`, `auto`, or a type by column name. */
  readonly types: "text" | "auto" | Readonly<Record<string, CellType>>;
  readonly maxRows: number;
  readonly signal: AbortSignal;
}

/**
 * Parses CSV piece by piece: what is over the limits is never read to its end.
 * @throws FatalNodeError `parse_failed` with the line, or `content_too_large`
 */
export async function parseCsv(text: string, format: CsvFormat): Promise<readonly unknown[]> {
  const { parse } = loadModule<{ parse: (options: Options) => Parser }>("csv-parse");
  const parser = parse({
    bom: true,
    delimiter: format.delimiter,
    quote: format.quote === "" ? null : format.quote,
    escape: format.quote === "" ? null : format.quote,
    trim: format.trim,
    skip_empty_lines: format.skipEmptyLines,
    relax_column_count: true,
    max_record_size: MAX_RECORD_BYTES,
    info: false,
  });
  const fed = feed(parser, text, format.signal);
  try {
    return await collect(parser, format);
  } catch (error) {
    format.signal.throwIfAborted();
    throw toFailure(error);
  } finally {
    parser.destroy();
    await fed;
  }
}

async function feed(parser: Parser, text: string, signal: AbortSignal): Promise<void> {
  for (let start = 0; start < text.length && !parser.destroyed && !signal.aborted; start += CHUNK_BYTES) {
    const canTakeMore = parser.write(text.slice(start, start + CHUNK_BYTES));
    if (!canTakeMore) await drained(parser);
    await nextTurn();
  }
  if (signal.aborted) parser.destroy(new Error("aborted"));
  else if (!parser.destroyed) parser.end();
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => {
    parser.once("drain", resolve);
    parser.once("close", resolve);
  });
}

async function collect(parser: Parser, format: CsvFormat): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  let names = Array.isArray(format.header) ? toNames(format.header) : undefined;
  let row = 0;
  for await (const cells of parser as AsyncIterable<readonly string[]>) {
    row += 1;
    if (names === undefined && format.header === true) names = toNames(cells);
    else rows.push(names === undefined ? toList(cells, format) : toRecord(cells, { names, row, format }));
    if (rows.length > format.maxRows) {
      throw tooMuch(`The CSV has more than ${format.maxRows} rows`, "raise `maxRows`, or split it");
    }
  }
  return rows;
}

function toNames(cells: readonly string[]): readonly string[] {
  if (cells.length > MAX_COLUMNS)
    throw tooMuch(`The CSV has ${cells.length} columns`, `at most ${MAX_COLUMNS} are read`);
  const twice = cells.find((name, place) => name !== "" && cells.indexOf(name) !== place);
  if (twice === undefined) return cells;
  throw parseFailure("CSV with a header", `two columns are named "${twice.slice(0, 50)}"; give names in \`header\`.`, {
    row: 1,
  });
}

function toList(cells: readonly string[], { types }: CsvFormat): readonly unknown[] {
  return types === "auto" ? cells.map(toPlainValue) : cells;
}

interface RecordPlace {
  readonly names: readonly string[];
  readonly row: number;
  readonly format: CsvFormat;
}

/** A row as an object. Cells that are missing at its end are null; cells without a column name fail. */
function toRecord(cells: readonly string[], { names, row, format }: RecordPlace): unknown {
  if (cells.length > names.length) {
    throw parseFailure("CSV of one width", `row ${row} has ${cells.length} cells for ${names.length} columns.`, {
      row,
    });
  }
  return Object.fromEntries(
    names.flatMap((name, place) => {
      if (name === "") return [];
      const cell = cells[place];
      return [[name, cell === undefined ? null : toValue(cell, { name, row, format })] as const];
    }),
  );
}

function toValue(cell: string, { name, row, format }: { name: string; row: number; format: CsvFormat }): unknown {
  if (format.types === "auto") return toPlainValue(cell);
  const type = format.types === "text" || !Object.hasOwn(format.types, name) ? "text" : format.types[name];
  const value = toTypedValue(cell, type ?? "text");
  if (value !== undefined) return value;
  throw parseFailure("CSV of these types", `row ${row}, column "${name.slice(0, 50)}" is no ${type}.`, {
    row,
    column: name.slice(0, 50),
  });
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["CSV_QUOTE_NOT_CLOSED", "a quote is never closed"],
  ["CSV_INVALID_CLOSING_QUOTE", "something follows a closing quote"],
  ["INVALID_OPENING_QUOTE", "a quote stands within an unquoted cell"],
  ["CSV_MAX_RECORD_SIZE", "a row is too long, or a quote is never closed"],
  ["CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE", "something follows a closing quote"],
]);

/** The parser's own messages quote the text, so that they are replaced. */
function toFailure(error: unknown): unknown {
  const { code, lines } = error as Partial<CsvError> & { lines?: number };
  if (typeof code !== "string" || !(code.startsWith("CSV_") || code === "INVALID_OPENING_QUOTE")) return error;
  const line = typeof lines === "number" ? { line: lines } : {};
  const where = typeof lines === "number" ? ` near line ${lines}` : "";
  return parseFailure("CSV", `${REASONS.get(code) ?? "it is malformed"}${where}.`, line);
}
