import { FatalNodeError } from "@automatrix/core";
import type { Metadata, MetadataFilter } from "./vector-store.js";

/** Longest vector that Postgres stores. */
export const MAX_DIMENSIONS = 16_000;
export const MAX_ID_LENGTH = 512;
export const MAX_RECORD_TEXT_LENGTH = 100_000;
const MAX_METADATA_NAMES = 64;
const MAX_METADATA_TEXT_LENGTH = 10_000;
const MAX_FILTER_VALUES = 100;
/** Names are part of a path in SQL's JSON functions, so that they are plain words. */
const METADATA_NAME = /^[\p{L}\p{N}_.-]{1,100}$/u;
/** Half of a pair, or NUL: what Postgres cannot store. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for
const NOT_STORABLE = /[\u0000\uD800-\uDFFF]/u;

/** @throws FatalNodeError `invalid_input`; `what` names the vector */
export function checkVector(vector: readonly number[], what: string): void {
  if (vector.length === 0 || vector.length > MAX_DIMENSIONS) {
    throw invalid(`${what} has ${vector.length} numbers; it needs 1 to ${MAX_DIMENSIONS}.`);
  }
  // Stores keep numbers of 32 bits: what overflows or vanishes there has no direction.
  let squares = 0;
  for (const number of vector) squares += Math.fround(number) ** 2;
  if (!Number.isFinite(squares) || squares === 0)
    throw invalid(`${what} is zero, or holds numbers too large for 32 bits.`);
}

/** @throws FatalNodeError `invalid_input` */
export function checkText(text: string, maxLength: number, what: string): void {
  if (text.length > maxLength) throw invalid(`${what} has more than ${maxLength} characters; split it.`);
  if (NOT_STORABLE.test(text)) throw invalid(`${what} holds a NUL character or half of a character.`);
}

/** @throws FatalNodeError `invalid_input` */
export function checkMetadata(metadata: Metadata, what: string): void {
  checkNames(Object.keys(metadata), what);
  for (const value of Object.values(metadata)) {
    if (typeof value === "string") checkText(value, MAX_METADATA_TEXT_LENGTH, `A value of ${what}`);
  }
}

/** @throws FatalNodeError `invalid_input` */
export function checkFilter(filter: MetadataFilter): void {
  checkNames(Object.keys(filter), "The filter");
  for (const wanted of Object.values(filter)) {
    const values = Array.isArray(wanted) ? (wanted as readonly unknown[]) : [wanted];
    if (values.length > MAX_FILTER_VALUES)
      throw invalid(`A filter takes at most ${MAX_FILTER_VALUES} values of one name.`);
    for (const value of values) {
      if (typeof value === "string") checkText(value, MAX_METADATA_TEXT_LENGTH, "A value of the filter");
    }
  }
}

function checkNames(names: readonly string[], what: string): void {
  if (names.length > MAX_METADATA_NAMES) throw invalid(`${what} has more than ${MAX_METADATA_NAMES} names.`);
  const wrong = names.find((name) => !METADATA_NAME.test(name) || name === "__proto__");
  if (wrong !== undefined) {
    throw invalid(
      `${what} has the name "${wrong.slice(0, 50)}"; names are letters, digits, "_", "." and "-", up to 100.`,
    );
  }
}

/** @throws FatalNodeError `invalid_input` */
export function requireDimensions(
  given: number,
  { namespace, dimensions }: { namespace: string; dimensions: number },
): void {
  if (given === dimensions) return;
  throw invalid(
    `The namespace "${namespace}" holds vectors of ${dimensions} numbers, not ${given}; use the model that it was filled with, or another namespace.`,
  );
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
