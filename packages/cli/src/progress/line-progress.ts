import type { ExecutionEvent } from "@automatrix/core";
import { printable } from "../printable.js";
import type { OutputStream } from "../streams.js";
import type { NodeBoard } from "./node-board.js";
import type { Progress } from "./progress.js";
import { rowText } from "./row-text.js";

const LINE_WIDTH = 200;
/** Starts and progress reports would double the lines of a log file without telling more. */
const SHOWN: ReadonlySet<string> = new Set([
  "node.completed",
  "node.failed",
  "node.skipped",
  "node.cancelled",
  "node.waiting",
  "node.retry_scheduled",
]);

/** Plain lines, one per event that changes where a node stands; for log files and pipes. */
export function lineProgress(board: NodeBoard, output: OutputStream): Progress {
  const write = (line: string): void => {
    output.write(`${line}\n`);
  };
  const show = (event: ExecutionEvent): void => {
    const row = board.apply(event);
    if (row === undefined || !SHOWN.has(event.type) || isInBody(event)) return;
    write(rowText(row, { now: event.at, color: false, width: LINE_WIDTH }));
  };
  const recall = (event: ExecutionEvent): void => {
    board.apply(event);
  };
  return { show, recall, note: (text) => write(printable(text)), pause: () => {}, resume: () => {}, end: () => {} };
}

/** Bodies may run a hundred thousand times; the container's own line tells how many nodes ran inside. */
function isInBody(event: ExecutionEvent): boolean {
  return event.nodeId?.includes("/") ?? false;
}
