const GAP = "  ";

/** Rows as lines with their columns below each other; the first row is the heading. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "")].length)),
  );
  const lines = rows.map((row) => row.map((cell, column) => padded(cell, widths[column] ?? 0)).join(GAP));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(width - [...cell].length);
}
