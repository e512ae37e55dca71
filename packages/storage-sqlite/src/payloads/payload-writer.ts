import { type LargePayload, MAX_INLINE_BYTES, type PayloadFiles } from "./payload-files.js";

/** Decides, while the rows of a batch are made, what goes into a file; the files are written before the rows. */
export class PayloadWriter {
  readonly #files: PayloadFiles | undefined;
  readonly #large: LargePayload[] = [];

  /** Without files everything stays in its row. */
  constructor(files: PayloadFiles | undefined) {
    this.#files = files;
  }

  /** What has to be written before the rows. */
  get large(): readonly LargePayload[] {
    return this.#large;
  }

  /** True when this JSON may hold something that has to go into a file. */
  isLarge(json: string): boolean {
    // Counting bytes costs: no text has more than three for each of its units.
    if (this.#files === undefined || json.length * 3 <= MAX_INLINE_BYTES) return false;
    return Buffer.byteLength(json) > MAX_INLINE_BYTES;
  }

  /** The name under which this JSON will be found; undefined when it stays in its row. */
  place(executionId: string, json: string): string | undefined {
    if (this.#files === undefined || !this.isLarge(json)) return undefined;
    const reference = this.#files.createReference(executionId);
    this.#large.push({ reference, json });
    return reference;
  }
}
