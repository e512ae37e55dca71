import { joinBounded } from "./bounded-text.js";
import { cellText, type Table } from "./table.js";

/** A Markdown table (as on GitHub). Cells are text: what would be markup or HTML in them is escaped. */
export function formatMarkdown({ header, rows }: Table): Promise<string> {
  return joinBounded(lines());

  function* lines(): Generator<string> {
    let isFirst = true;
    if (header !== undefined) yield* headLines(header.map(escapeMarkdown));
    for (const row of rows) {
      if (isFirst && header === undefined) yield* headLines(row.map(() => ""));
      isFirst = false;
      yield markdownLine(row.map((cell) => escapeMarkdown(cellText(cell))));
    }
  }
}

function headLines(names: readonly string[]): readonly string[] {
  return [markdownLine(names), markdownLine(names.map(() => "---"))];
}

function markdownLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

function escapeMarkdown(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/[\\`*_[\]|~]/g, "\\$&")
    .replace(/\r\n|\r|\n/g, "<br>");
}

/** An HTML table. Every text is escaped, so that data never becomes markup. */
export function formatHtml({ header, rows }: Table): Promise<string> {
  return joinBounded(pieces());

  function* pieces(): Generator<string> {
    yield "<table>\n";
    if (header !== undefined) yield `<thead>\n${htmlRow(header, "th")}</thead>\n`;
    yield "<tbody>\n";
    for (const row of rows) yield htmlRow(row, "td");
    yield "</tbody>\n</table>\n";
  }
}

function htmlRow(cells: readonly unknown[], tag: "td" | "th"): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cellText(cell))}</${tag}>`).join("")}</tr>\n`;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? character);
}
