/** What is to be done at once when this process ends: one listener however many there are, and none while there are none. */
export class ExitHooks {
  readonly #hooks = new Set<() => void>();
  readonly #runAll = (): void => {
    for (const hook of this.#hooks) hook();
  };

  add(hook: () => void): void {
    if (this.#hooks.size === 0) process.on("exit", this.#runAll);
    this.#hooks.add(hook);
  }

  delete(hook: () => void): void {
    this.#hooks.delete(hook);
    if (this.#hooks.size === 0) process.removeListener("exit", this.#runAll);
  }
}
