import { FatalNodeError } from "@automatrix/core";
import { fieldReader } from "../../json/field-path.js";
import { isJsonObject, jsonKind } from "../../json/json-kind.js";

/** Columns found in the rows themselves; naming them lifts the limit to that of the parameter. */
const MAX_FOUND_COLUMNS = 1_000;
/** Rows by columns: empty cells take time too. */
const MAX_CELLS = 2_000_000;

/** One column: a field of each row, and what stands above it. */
export interface Column {
  readonly field: string;
  readonly label: string;
}

/** Rows of cells, with a header where the rows are objects or names were given. */
export interface Table {
  readonly header: readonly string[] | undefined;
  readonly rows: Iterable<readonly unknown[]>;
}

/**
 * The table that a list makes: of objects, of lists, or of single values.
 * @throws FatalNodeError `invalid_input` when the data is no list or the kinds are mixed, `content_too_large`
 */
export function toTable(data: unknown, columns: readonly Column[] | undefined): Table {
  if (!Array.isArray(data)) throw invalid(`Expected a list of rows, but the data is of kind ${jsonKind(data)}.`);
  if (columns === undefined && data.some(Array.isArray)) return tableOfLists(data);
  if (columns === undefined && !data.some(isJsonObject)) {
    return { header: undefined, rows: data.map((value) => [value]) };
  }
  return tableOfObjects(data, columns ?? findColumns(data));
}

function tableOfLists(rows: readonly unknown[]): Table {
  const other = rows.findIndex((row) => !Array.isArray(row));
  if (other !== -1) throw invalid(`Row ${other + 1} is no list, but others are.`);
  return { header: undefined, rows: rows as readonly (readonly unknown[])[] };
}

function tableOfObjects(rows: readonly unknown[], columns: readonly Column[]): Table {
  const other = rows.findIndex((row) => !isJsonObject(row));
  if (other !== -1) throw invalid(`Row ${other + 1} is no object, but others are.`);
  if (rows.length * columns.length > MAX_CELLS) {
    throw tooLarge(`The table has ${rows.length} rows of ${columns.length} columns; format fewer at a time.`);
  }
  return { header: columns.map(({ label }) => label), rows: cellsOf(rows, columns) };
}

function* cellsOf(rows: readonly unknown[], columns: readonly Column[]): Generator<readonly unknown[]> {
  const readers = columns.map(({ field }) => readerOf(field));
  for (const row of rows) yield readers.map((read) => read(row));
}

/** A found name may be no path at all (empty, `a..b`); it then is the name of a property. */
function readerOf(field: string): (row: unknown) => unknown {
  try {
    return fieldReader(field);
  } catch {
    return (row) => (Object.hasOwn(row as object, field) ? (row as Record<string, unknown>)[field] : undefined);
  }
}

/** Every name that occurs, in the order of its first row. */
function findColumns(rows: readonly unknown[]): readonly Column[] {
  const names = new Set<string>();
  for (const row of rows) {
    for (const name of isJsonObject(row) ? Object.keys(row) : []) names.add(name);
    if (names.size > MAX_FOUND_COLUMNS) {
      throw tooLarge(`The rows have more than ${MAX_FOUND_COLUMNS} fields; name the ones wanted in \`columns\`.`);
    }
  }
  return [...names].map((name) => ({ field: name, label: name }));
}

function tooLarge(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "content_too_large" });
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}

/** Text of a cell: nothing for null, JSON for lists and objects. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
