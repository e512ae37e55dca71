/** Middle, smallest and largest of some measurements. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number): number => sorted[Math.floor((sorted.length - 1) * fraction)] as number;
  return { median: at(0.5), min: at(0), max: at(1) };
}
