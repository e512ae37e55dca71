const INSTANT = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2}))?$/;

/**
 * Milliseconds since the epoch of an ISO 8601 instant with a zone (`2026-01-31T09:00:00Z`), or of a date (midnight UTC).
 * Undefined for anything else: a time without a zone would mean another instant on another machine.
 */
export function parseInstant(value: unknown): number | undefined {
  const match = typeof value === "string" ? INSTANT.exec(value) : null;
  if (match === null) return undefined;
  const at = Date.parse(
    (value as string).replace(/([+-]\d{2})(\d{2})$/, (text, hours, minutes) =>
      match[0].length > 10 ? `${hours}:${minutes}` : text,
    ),
  );
  return Number.isNaN(at) || !isDate(Number(match[1]), Number(match[2]), Number(match[3])) ? undefined : at;
}

function isDate(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
