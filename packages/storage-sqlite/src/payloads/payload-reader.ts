import type { PayloadFiles } from "./payload-files.js";

/** Gathers, while rows are read, the values that lie in files, and puts them in their places afterwards. */
export class PayloadReader {
  readonly #files: PayloadFiles | undefined;
  readonly #wanted: { readonly reference: string; readonly put: (value: unknown) => void }[] = [];

  constructor(files: PayloadFiles | undefined) {
    this.#files = files;
  }

  /** `put` is called with the value by {@link fill}. */
  want(reference: string, put: (value: unknown) => void): void {
    this.#wanted.push({ reference, put });
  }

  /** @throws StorageError `storage_corrupt` when a file is gone */
  async fill(): Promise<void> {
    for (const { reference, put } of this.#wanted) put(JSON.parse((await this.#files?.read(reference)) ?? "null"));
  }
}
