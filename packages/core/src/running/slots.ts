import { Heap } from "../shared/heap.js";

/** Somebody who wants a slot. */
export interface SlotSeeker {
  /** Higher first. */
  readonly priority: number;
  /** Called once when a slot may be free; it tries again then. */
  slotFree(): void;
}

interface Waiting {
  readonly seeker: SlotSeeker;
  readonly ordinal: number;
}

/** A limit on how many things run at once. The highest priority comes first, then who came first. */
export class Slots {
  readonly limit: number;
  #used = 0;
  #ordinal = 0;
  readonly #seekers = new Set<SlotSeeker>();
  readonly #waiting = new Heap<Waiting>((a, b) => b.seeker.priority - a.seeker.priority || a.ordinal - b.ordinal);

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= this.limit;
  }

  /** Takes a slot; false when there is none. */
  tryAcquire(): boolean {
    if (this.#used >= this.limit) return false;
    this.#used++;
    return true;
  }

  /** Takes a slot even when there is none: for work that must not wait for itself. */
  take(): void {
    this.#used++;
  }

  /** Asks to be called when a slot is free. Asking twice is asking once. */
  await(seeker: SlotSeeker): void {
    if (this.#seekers.has(seeker)) return;
    this.#seekers.add(seeker);
    this.#waiting.push({ seeker, ordinal: this.#ordinal++ });
  }

  /** Withdraws the question. */
  forget(seeker: SlotSeeker): void {
    this.#seekers.delete(seeker);
  }

  release(): void {
    this.#used--;
    while (this.#used < this.limit) {
      const next = this.#waiting.pop();
      if (next === undefined) return;
      if (!this.#seekers.delete(next.seeker)) continue;
      const before = this.#used;
      next.seeker.slotFree();
      if (this.#used > before) return;
    }
  }
}
