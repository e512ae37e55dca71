/** What stands in place of a secret. */
export const MASK = "***";

/** Shorter texts are no secrets that could be told from ordinary words. */
export const MIN_SECRET_LENGTH = 4;

/** Longer secrets are looked for in pieces of this length, so that one comparison stays short. */
const PIECE_LENGTH = 256;
/** Slots of the table that sorts out the places where no secret can begin; a power of two. */
const TABLE_SIZE = 8_192;

/** Secrets with the same beginning. */
interface Rivals {
  readonly texts: Set<string>;
  /** Of the texts, each once, the longest first. */
  lengths: readonly number[];
}

/**
 * Replaces secrets in texts. It looks at each place of a text once: where four characters begin a secret, it looks the
 * text up among those that begin so, once for each length, however many there are. What secrets cover together becomes
 * one mask, so that two that overlap leave no rest.
 */
export class TextMasker {
  readonly #mayBegin = new Uint8Array(TABLE_SIZE);
  /** By their first four characters. */
  readonly #secrets = new Map<string, Rivals>();
  /** Characters held, of all secrets together. */
  size = 0;

  /** Looks for this text from now on. Shorter ones than `MIN_SECRET_LENGTH` are left alone. */
  add(secret: string): void {
    if (secret.length < MIN_SECRET_LENGTH) return;
    if (secret.length <= PIECE_LENGTH) return this.#addPiece(secret);
    const last = secret.length - PIECE_LENGTH;
    for (let at = 0; at < last; at += PIECE_LENGTH) this.#addPiece(secret.slice(at, at + PIECE_LENGTH));
    this.#addPiece(secret.slice(last));
  }

  #addPiece(piece: string): void {
    const beginning = piece.slice(0, MIN_SECRET_LENGTH);
    const rivals = this.#secrets.get(beginning);
    if (rivals === undefined) this.#secrets.set(beginning, { texts: new Set([piece]), lengths: [piece.length] });
    else if (rivals.texts.has(piece)) return;
    else {
      rivals.texts.add(piece);
      if (!rivals.lengths.includes(piece.length))
        rivals.lengths = [...rivals.lengths, piece.length].sort((a, b) => b - a);
    }
    this.#mayBegin[slotOf(piece, 0)] = 1;
    this.size += piece.length;
  }

  /** The text with every secret in it masked; the same text when there is none. */
  mask(text: string): string {
    let result = "";
    let copied = 0;
    let start = -1;
    let end = -1;
    const last = text.length - MIN_SECRET_LENGTH;
    for (let at = 0; at <= last; at++) {
      if (this.#mayBegin[slotOf(text, at)] === 0) continue;
      const length = this.#lengthAt(text, at);
      if (length === 0) continue;
      if (at >= end) {
        if (start >= 0) {
          result += text.slice(copied, start) + MASK;
          copied = end;
        }
        start = at;
      }
      end = Math.max(end, at + length);
    }
    return start < 0 ? text : result + text.slice(copied, start) + MASK + text.slice(end);
  }

  /** Length of the longest secret that begins here; 0 when none does. */
  #lengthAt(text: string, at: number): number {
    const rivals = this.#secrets.get(text.slice(at, at + MIN_SECRET_LENGTH));
    if (rivals === undefined) return 0;
    const left = text.length - at;
    return rivals.lengths.find((length) => length <= left && rivals.texts.has(text.slice(at, at + length))) ?? 0;
  }
}

function slotOf(text: string, at: number): number {
  const mixed =
    (text.charCodeAt(at) << 9) ^
    (text.charCodeAt(at + 1) << 6) ^
    (text.charCodeAt(at + 2) << 3) ^
    text.charCodeAt(at + 3);
  return mixed & (TABLE_SIZE - 1);
}
