/** A signal that aborts with another one, or when time is up. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isExpired = false;

  constructor(parent: AbortSignal, limitMs: number) {
    this.#parent = parent;
    this.#timer = setTimeout(() => {
      this.#isExpired = true;
      this.#controller.abort(new Error("time is up"));
    }, limitMs);
    if (parent.aborted) this.#follow();
    else parent.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when it was the time that ended it, not the other signal. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#parent.reason);
}
