import { createHash } from "node:crypto";

const MAX_KEPT_TOKENS = 100;

interface KeptToken<Token> {
  readonly token: Promise<Token>;
  /** Milliseconds since the epoch; set once the token is there. */
  usableUntil: number;
}

export interface FreshToken<Token> {
  readonly token: Token;
  readonly usableUntil: number;
}

/** Tokens by the credential they came from. Those who need the same one at the same time wait for one request. */
export class TokenCache<Token> {
  readonly #kept = new Map<string, KeptToken<Token>>();

  async get(credential: unknown, now: number, request: () => Promise<FreshToken<Token>>): Promise<Token> {
    const key = keyOf(credential);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.usableUntil > now) return kept.token;
    const fresh: KeptToken<Token> = { token: this.#request(key, request), usableUntil: Number.POSITIVE_INFINITY };
    this.#kept.delete(key);
    if (this.#kept.size >= MAX_KEPT_TOKENS) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(key, fresh);
    return fresh.token;
  }

  /** Forgets a token that was refused, unless another has taken its place. */
  async forget(credential: unknown, refused: Token): Promise<void> {
    const key = keyOf(credential);
    const kept = this.#kept.get(key);
    if (kept !== undefined && (await kept.token.catch(() => refused)) === refused) this.#drop(key, kept);
  }

  async #request(key: string, request: () => Promise<FreshToken<Token>>): Promise<Token> {
    // Begins once the entry is in its place.
    await Promise.resolve();
    const kept = this.#kept.get(key);
    try {
      const { token, usableUntil } = await request();
      if (kept !== undefined) kept.usableUntil = usableUntil;
      return token;
    } catch (error) {
      if (kept !== undefined) this.#drop(key, kept);
      throw error;
    }
  }

  #drop(key: string, kept: KeptToken<Token>): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }
}

/** Keeps no secret as a key. */
function keyOf(credential: unknown): string {
  return createHash("sha256").update(JSON.stringify(credential)).digest("base64");
}
