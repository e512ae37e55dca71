import { FatalNodeError } from "@automatrix/core";
import { nextTurn } from "../content/next-turn.js";

/** Characters of what `format` makes; an output of the engine holds no more either. */
export const MAX_FORMATTED_LENGTH = 16 * 1024 * 1024;

/** Characters made at once; in between, other work gets its turn. */
const TURN_LENGTH = 64 * 1024;

/** Joins pieces and stops as soon as they become too much. @throws FatalNodeError `content_too_large` */
export async function joinBounded(pieces: Iterable<string>): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  let turnEnd = TURN_LENGTH;
  for (const piece of pieces) {
    length += piece.length;
    if (length > MAX_FORMATTED_LENGTH) throw tooLong();
    parts.push(piece);
    if (length < turnEnd) continue;
    await nextTurn();
    turnEnd = length + TURN_LENGTH;
  }
  return parts.join("");
}

/** @throws FatalNodeError `content_too_large` */
export function requireLength(text: string): string {
  if (text.length > MAX_FORMATTED_LENGTH) throw tooLong();
  return text;
}

function tooLong(): FatalNodeError {
  return new FatalNodeError(
    `The text would have more than ${MAX_FORMATTED_LENGTH} characters; format fewer rows at a time.`,
    { code: "content_too_large", details: { maxLength: MAX_FORMATTED_LENGTH } },
  );
}
