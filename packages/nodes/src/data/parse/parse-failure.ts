import { FatalNodeError } from "@automatrix/core";

/** Where in the text something is wrong, as far as it is known. */
export interface ParsePlace {
  readonly line?: number;
  readonly column?: number | string;
  readonly row?: number;
  readonly offset?: number;
}

/** The failure of a text that is not of the kind asked for. `reason` must not quote the text at length. */
export function parseFailure(kind: string, reason: string, place: ParsePlace = {}): FatalNodeError {
  return new FatalNodeError(`The text is not ${kind}: ${reason.slice(0, 300)}`, {
    code: "parse_failed",
    details: { kind, ...place },
  });
}

/** The failure of a text that is of the kind asked for, and too much of it. */
export function tooMuch(what: string, remedy: string): FatalNodeError {
  return new FatalNodeError(`${what}; ${remedy}.`, { code: "content_too_large" });
}
