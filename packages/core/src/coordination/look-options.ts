import { ConfigurationError } from "../errors/errors.js";
import type { ExecutionFilter } from "../ports/storage.js";

/**
 * What journals and streams are read after: storages compare it as a number and know no other.
 * @throws ConfigurationError `invalid_input`
 */
export function parseAfter(after: number | null | undefined): number {
  if (after === undefined || after === null) return 0;
  if (Number.isSafeInteger(after)) return after;
  throw new ConfigurationError("invalid_input", `after must be the seq of an event, not ${String(after)}.`);
}

/** @throws ConfigurationError `invalid_input` */
export function parseListOptions<Options extends Pick<ExecutionFilter, "limit" | "cursor" | "endedSince">>(
  options: Options | null | undefined,
): Options {
  const { limit, endedSince } = options ?? {};
  if (limit !== undefined && !Number.isSafeInteger(limit))
    throw new ConfigurationError("invalid_input", `limit must be an integer of 1–1,000, not ${String(limit)}.`);
  if (endedSince !== undefined && !Number.isFinite(endedSince))
    throw new ConfigurationError(
      "invalid_input",
      `endedSince must be in milliseconds since the epoch, not ${String(endedSince)}.`,
    );
  return (options ?? {}) as Options;
}
