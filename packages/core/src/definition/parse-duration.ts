import { ConfigurationError } from "../errors/errors.js";
import { readDuration } from "../shared/duration.js";

const MAX_SHOWN_LENGTH = 64;

/**
 * Milliseconds of a duration: a number (already milliseconds) or text such as `"500ms"`, `"90s"`, `"1h30m"`, `"3d"`, `"2w"`.
 * Units: `ms`, `s`, `m` (minutes), `h`, `d` (24 h), `w`; a text of digits alone is milliseconds.
 * @throws ConfigurationError `invalid_input` for anything else, for negative and for unsafely large durations
 */
export function parseDuration(duration: string | number): number {
  const durationMs = readDuration(duration);
  if (durationMs !== undefined) return durationMs;
  const shown = typeof duration === "string" ? JSON.stringify(duration.slice(0, MAX_SHOWN_LENGTH)) : String(duration);
  throw new ConfigurationError(
    "invalid_input",
    `${shown} is not a duration; give milliseconds as a number, or numbers with the units ms, s, m, h, d, w, such as "500ms", "1h30m" or "3d".`,
  );
}
