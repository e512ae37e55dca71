/** A binary heap of small integers ordered by a rank table: lowest rank first. */
export class IntHeap {
  readonly #rank: Int32Array;
  readonly #items: number[] = [];

  constructor(rank: Int32Array) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: number): void {
    const items = this.#items;
    const rank = this.#rank;
    let hole = items.length;
    items.push(item);
    const itemRank = rank[item] as number;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const other = items[parent] as number;
      if ((rank[other] as number) <= itemRank) break;
      items[hole] = other;
      hole = parent;
    }
    items[hole] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    const rank = this.#rank;
    const lastRank = rank[last] as number;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= items.length) break;
      if (
        child + 1 < items.length &&
        (rank[items[child + 1] as number] as number) < (rank[items[child] as number] as number)
      )
        child++;
      if ((rank[items[child] as number] as number) >= lastRank) break;
      items[hole] = items[child] as number;
      hole = child;
    }
    items[hole] = last;
    return top;
  }
}
