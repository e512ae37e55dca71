import type { NodeStatus } from "@automatrix/core";

/** How each status of a node looks in lists and pictures. */
export const STATUS_SYMBOL: Readonly<Record<NodeStatus, string>> = {
  pending: "○",
  running: "◐",
  waiting: "⏸",
  completed: "✓",
  failed: "✗",
  skipped: "↷",
  cancelled: "⊘",
};

const RESET = "\u001b[0m";
const ANSI_COLOR: Readonly<Record<NodeStatus, string>> = {
  pending: "\u001b[90m",
  running: "\u001b[36m",
  waiting: "\u001b[33m",
  completed: "\u001b[32m",
  failed: "\u001b[31m",
  skipped: "\u001b[90m",
  cancelled: "\u001b[35m",
};

/** `text` in the colour of a status, for a terminal. */
export function inStatusColor(text: string, status: NodeStatus): string {
  return ANSI_COLOR[status] + text + RESET;
}
