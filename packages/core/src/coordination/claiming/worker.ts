import type { Ids } from "../../ports/ids.js";

/** Who this process is in the eyes of the storage. One that was declared dead goes on under another name. */
export class Worker {
  readonly #ids: Ids;
  #id: string;

  constructor(ids: Ids) {
    this.#ids = ids;
    this.#id = ids.next();
  }

  get id(): string {
    return this.#id;
  }

  /** The name is spent: whatever it owned belongs to others. */
  rename(): void {
    this.#id = this.#ids.next();
  }
}
