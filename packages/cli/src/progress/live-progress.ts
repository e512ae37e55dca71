import type { ExecutionEvent, NodeStatus } from "@automatrix/core";
import { printable, shorten } from "../printable.js";
import { STATUS_SYMBOL } from "../status-symbol.js";
import type { OutputStream } from "../streams.js";
import type { BoardRow, NodeBoard } from "./node-board.js";
import type { Progress } from "./progress.js";
import { rowText } from "./row-text.js";

const REDRAW_INTERVAL_MS = 100;
/** Some terminals, such as those of CI, say that they have no size. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** Rows of the terminal left to whatever stands above. */
const SPARE_ROWS = 4;
/** Which nodes are worth a row when there are more nodes than rows. */
const IMPORTANCE: readonly NodeStatus[] = [
  "failed",
  "running",
  "waiting",
  "cancelled",
  "completed",
  "pending",
  "skipped",
];

const CLEAR_BELOW = "\u001b[J";
const cursorUp = (rows: number): string => (rows === 0 ? "" : `\u001b[${rows}A`);

/**
 * A line per node that is redrawn in place, at most ten times a second. Stays within the height of the terminal: of
 * larger workflows it shows what runs or failed, and counts the rest.
 */
export class LiveProgress implements Progress {
  readonly #board: NodeBoard;
  readonly #output: OutputStream;
  readonly #color: boolean;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #drawnRows = 0;
  #ended = false;

  constructor(params: {
    readonly board: NodeBoard;
    readonly output: OutputStream;
    readonly color: boolean;
    readonly now?: () => number;
  }) {
    this.#board = params.board;
    this.#output = params.output;
    this.#color = params.color;
    this.#now = params.now ?? Date.now;
    this.resume();
  }

  show(event: ExecutionEvent): void {
    this.#board.apply(event);
  }

  recall(event: ExecutionEvent): void {
    this.#board.apply(event);
  }

  note(text: string): void {
    this.#output.write(`${this.#erase()}${shorten(printable(text), this.#columns())}\n`);
    if (this.#timer !== undefined) this.#draw();
  }

  pause(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
    // What is asked next stands below the lines and is not painted over.
    this.#drawnRows = 0;
  }

  resume(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), REDRAW_INTERVAL_MS);
    this.#timer.unref();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.resume();
    this.pause();
  }

  #draw(): void {
    const lines = this.#lines();
    this.#output.write(this.#erase() + lines.map((line) => `${line}\n`).join(""));
    this.#drawnRows = lines.length;
  }

  #erase(): string {
    const erase = `${cursorUp(this.#drawnRows)}\r${CLEAR_BELOW}`;
    this.#drawnRows = 0;
    return erase;
  }

  #lines(): readonly string[] {
    const rows = this.#board.rows;
    const room = Math.max(1, (this.#output.rows || DEFAULT_ROWS) - SPARE_ROWS);
    const options = { now: this.#now(), color: this.#color, width: this.#columns() };
    if (rows.length <= room) return rows.map((row) => rowText(row, options));
    const shown = new Set([...rows].sort(byImportance).slice(0, room - 1));
    const drawn = rows.filter((row) => shown.has(row)).map((row) => rowText(row, options));
    return [...drawn, countsText(rows)];
  }

  #columns(): number {
    // The last column stays free: some terminals break the line there.
    return (this.#output.columns || DEFAULT_COLUMNS) - 1;
  }
}

/** Of equal importance, the one that changed last comes first. */
function byImportance(a: BoardRow, b: BoardRow): number {
  return IMPORTANCE.indexOf(a.status) - IMPORTANCE.indexOf(b.status) || (b.endedAt ?? 0) - (a.endedAt ?? 0);
}

function countsText(rows: readonly BoardRow[]): string {
  const counts = new Map<NodeStatus, number>();
  for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  return `  ${[...counts].map(([status, count]) => `${STATUS_SYMBOL[status]} ${count} ${status}`).join("  ")}`;
}
