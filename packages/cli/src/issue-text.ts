import type { Issue } from "@automatrix/core";
import { printable } from "./printable.js";

/** One line per issue: `error code path nodeId message`; a missing path or node is `-`. */
export function issueText(issue: Issue): string {
  const words = [issue.severity, issue.code, issue.path || "-", issue.nodeId ?? "-", issue.message];
  return words.map(printable).join(" ");
}

export function isError(issue: Issue): boolean {
  return issue.severity === "error";
}
