import { durationText } from "../duration-text.js";
import { printable, shorten } from "../printable.js";
import { inStatusColor, STATUS_SYMBOL } from "../status-symbol.js";
import type { BoardRow } from "./node-board.js";

export interface RowTextOptions {
  /** Instant up to which a running node's time is counted, in milliseconds since the epoch. */
  readonly now: number;
  readonly color: boolean;
  /** Columns that the line may fill. */
  readonly width: number;
}

const LABEL_WIDTH = 24;

/** One node as a line: `✓ Fetch   12 ms  remark`. */
export function rowText(row: BoardRow, { now, color, width }: RowTextOptions): string {
  const label = shorten(printable(row.label), LABEL_WIDTH).padEnd(LABEL_WIDTH);
  const words = [label, timeText(row, now), bodyText(row), printable(row.remark)].filter((word) => word !== "");
  const line = shorten(`${STATUS_SYMBOL[row.status]} ${words.join("  ")}`.trimEnd(), width);
  return color ? inStatusColor(line, row.status) : line;
}

function timeText(row: BoardRow, now: number): string {
  if (row.startedAt === undefined || row.status === "skipped") return "";
  return durationText((row.endedAt ?? now) - row.startedAt);
}

function bodyText(row: BoardRow): string {
  return row.bodyNodes === 0 ? "" : `${row.bodyNodes} nodes inside`;
}
