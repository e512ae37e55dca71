import { createHash } from "node:crypto";

/** Something with a share of the calls. */
export interface Weighted {
  readonly weight: number;
}

const HASHED_BITS = 48;

/**
 * Chooses by weight so that equal keys choose alike, in every process and after every restart. Adding a variant at the end
 * moves only as many keys as its share says to it, and some between the others.
 */
export function chooseVariant<Variant extends Weighted>(
  experiment: string,
  variants: readonly Variant[],
  stickyKey: string,
): Variant | undefined {
  const usable = variants.filter(({ weight }) => weight > 0);
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  let rest = fractionOf(`${experiment}\n${stickyKey}`) * total;
  for (const variant of usable) {
    rest -= variant.weight;
    if (rest < 0) return variant;
  }
  return usable.at(-1);
}

function fractionOf(text: string): number {
  const hash = createHash("sha256").update(text).digest();
  return hash.readUIntBE(0, HASHED_BITS / 8) / 2 ** HASHED_BITS;
}
