/** A bounded number of places under each key; who finds none free waits in line. */
export class PlaceGate {
  readonly #places: number;
  readonly #lines = new Map<string, { taken: number; readonly waiting: (() => void)[] }>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Runs `run` once a place is free. Rejects with the signal's reason when it aborts in the line. */
  async run<Value>(key: string, signal: AbortSignal, run: () => Promise<Value>): Promise<Value> {
    await this.#enter(key, signal);
    try {
      return await run();
    } finally {
      this.#leave(key);
    }
  }

  async #enter(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const line = this.#lines.get(key) ?? { taken: 0, waiting: [] };
    this.#lines.set(key, line);
    if (line.taken < this.#places) {
      line.taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        line.waiting.splice(line.waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      line.waiting.push(enter);
    });
  }

  /** The place goes to whoever waits first; an empty line is forgotten. */
  #leave(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const next = line.waiting.shift();
    if (next !== undefined) return next();
    line.taken -= 1;
    if (line.taken === 0) this.#lines.delete(key);
  }
}
