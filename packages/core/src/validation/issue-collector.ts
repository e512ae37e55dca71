import type { Issue, IssueCode } from "../definition/issue.js";

/** Issues of each severity that are kept; the rest is only counted. */
export const MAX_ISSUES_PER_SEVERITY = 10_000;
/** Characters of paths, ids and messages that are kept, all issues together. */
export const MAX_ISSUE_TEXT = 16 * 1024 * 1024;

/** Where an issue is, and whose it is. */
export interface IssuePlace {
  readonly path: string;
  readonly nodeId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Gathers issues in bounded memory. Beyond {@link MAX_ISSUES_PER_SEVERITY} of a severity, or {@link MAX_ISSUE_TEXT},
 * issues are counted, and one closing issue `too_large` says how many are not listed. Warnings never displace errors.
 */
export class IssueCollector {
  readonly #issues: Issue[] = [];
  readonly #kept = { error: 0, warning: 0 };
  readonly #dropped = { error: 0, warning: 0 };
  #text = 0;

  error(code: IssueCode, message: string, place: IssuePlace): void {
    this.#add("error", { code, message, place });
  }

  warning(code: IssueCode, message: string, place: IssuePlace): void {
    this.#add("warning", { code, message, place });
  }

  /** Everything found so far, in the order found. */
  finish(): Issue[] {
    const { error, warning } = this.#dropped;
    if (error + warning === 0) return this.#issues;
    const message = `${error} more errors and ${warning} more warnings are not listed; mend the listed ones first.`;
    return [
      ...this.#issues,
      {
        code: "too_large",
        severity: error > 0 ? "error" : "warning",
        path: "",
        message,
        details: { errors: error, warnings: warning },
      },
    ];
  }

  #add(
    severity: "error" | "warning",
    { code, message, place }: { readonly code: IssueCode; readonly message: string; readonly place: IssuePlace },
  ): void {
    const text = message.length + place.path.length + (place.nodeId?.length ?? 0);
    if (this.#kept[severity] >= MAX_ISSUES_PER_SEVERITY || this.#text + text > MAX_ISSUE_TEXT) {
      this.#dropped[severity] += 1;
      return;
    }
    this.#kept[severity] += 1;
    this.#text += text;
    const { path, nodeId, details } = place;
    this.#issues.push({
      code,
      severity,
      path,
      ...(nodeId === undefined ? {} : { nodeId }),
      message,
      ...(details === undefined ? {} : { details }),
    });
  }
}
