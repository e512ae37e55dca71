/** A number of tokens as a provider states it; anything that is none counts as 0. */
export function toCount(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}
