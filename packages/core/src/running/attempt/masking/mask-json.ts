import { MASK } from "./text-masker.js";

export type MaskText = (text: string) => string;

/** Numbers closer to zero have too few digits for a secret. */
const LEAST_MASKED_NUMBER = 100_000;

/**
 * Plain JSON with every text in it masked, keys included. Frozen; parts without a secret are the very same objects.
 */
export function maskJson(value: unknown, mask: MaskText): unknown {
  if (typeof value === "string") return mask(value);
  if (typeof value === "number") return maskNumber(value, mask);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? maskList(value, mask) : maskRecord(value as Readonly<Record<string, unknown>>, mask);
}

/** A number that is a secret, whatever its sign; one that only has the digits of a secret among others is none. */
export function maskNumber(value: number, mask: MaskText): unknown {
  const size = Math.abs(value);
  return size >= LEAST_MASKED_NUMBER && mask(String(size)) === MASK ? MASK : value;
}

function maskList(list: readonly unknown[], mask: MaskText): readonly unknown[] {
  let masked: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const item = maskJson(list[index], mask);
    if (item === list[index]) continue;
    masked ??= [...list];
    masked[index] = item;
  }
  return masked === undefined ? list : Object.freeze(masked);
}

function maskRecord(record: Readonly<Record<string, unknown>>, mask: MaskText): Readonly<Record<string, unknown>> {
  const entries = Object.entries(record);
  let hasChanged = false;
  for (const entry of entries) {
    const [key, value] = entry;
    entry[0] = mask(key);
    entry[1] = maskJson(value, mask);
    hasChanged ||= entry[0] !== key || entry[1] !== value;
  }
  // As own properties, "__proto__" too.
  return hasChanged ? Object.freeze(Object.fromEntries(entries)) : record;
}
