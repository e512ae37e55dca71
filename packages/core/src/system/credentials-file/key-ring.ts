/**
 * The keys of a credentials file.
 *
 * A key is 32 random bytes in base64, or a passphrase from which scrypt makes as many, with the salt of the file. From
 * each come two: one encrypts, and one gives the key its id, which stands in the file and tells nothing about the key.
 */
import { createHmac, hkdfSync, randomBytes, scrypt } from "node:crypto";
import { ConfigurationError } from "../../errors/errors.js";

const KEY_BYTES = 32;
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/;
const PASSPHRASE_PREFIX = "passphrase:";
const MIN_PASSPHRASE_LENGTH = 12;
/** About 128 MiB and half a second for one guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;
const ID_LENGTH = 16;

/** One key of a file, ready for use. */
export interface CredentialKey {
  readonly id: string;
  readonly encryption: Uint8Array;
}

/** A new random key for `encryptedFileSecrets`, in base64. Keep it apart from the file. */
export function generateCredentialsKey(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}

/** Keys as they were given: the first encrypts, all decrypt. */
export class KeyRing {
  readonly #sources: readonly (Uint8Array | string)[];
  #derived: { readonly salt: string; readonly keys: Promise<readonly CredentialKey[]> } | undefined;

  /** @throws ConfigurationError `invalid_configuration`, which never holds the key */
  constructor(texts: readonly string[]) {
    if (texts.length === 0) throw refuse("it needs at least one key");
    this.#sources = texts.map(parseKey);
  }

  /** The keys for a file with this salt, which are worked out once. */
  forSalt(salt: Uint8Array): Promise<readonly CredentialKey[]> {
    const name = Buffer.from(salt).toString("base64");
    if (this.#derived?.salt === name) return this.#derived.keys;
    const keys = Promise.all(this.#sources.map((source) => toKey(source, salt)));
    keys.catch(() => {
      this.#derived = undefined;
    });
    this.#derived = { salt: name, keys };
    return keys;
  }
}

/** The bytes of a key, or a passphrase. */
function parseKey(text: unknown, index: number): Uint8Array | string {
  const place = `key ${index + 1}`;
  if (typeof text !== "string") throw refuse(`${place} must be a text`);
  const trimmed = text.trim();
  if (trimmed.startsWith(PASSPHRASE_PREFIX)) {
    const passphrase = trimmed.slice(PASSPHRASE_PREFIX.length).normalize("NFKC");
    if (passphrase.length >= MIN_PASSPHRASE_LENGTH) return passphrase;
    throw refuse(`the passphrase of ${place} has fewer than ${MIN_PASSPHRASE_LENGTH} characters`);
  }
  const bytes = Buffer.from(trimmed, "base64");
  if (BASE64_KEY.test(trimmed) && bytes.length === KEY_BYTES) return bytes;
  throw refuse(
    `${place} must be ${KEY_BYTES} bytes in base64 (automatrix credentials generate-key), or "${PASSPHRASE_PREFIX}" and a passphrase`,
  );
}

function refuse(why: string): ConfigurationError {
  return new ConfigurationError("invalid_configuration", `The credentials file cannot be opened: ${why}.`);
}

async function toKey(source: Uint8Array | string, salt: Uint8Array): Promise<CredentialKey> {
  const secret = typeof source === "string" ? await stretch(source, salt) : source;
  return {
    id: createHmac("sha256", derive(secret, "id")).digest("base64url").slice(0, ID_LENGTH),
    encryption: derive(secret, "encryption"),
  };
}

function derive(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), `automatrix credentials ${purpose}`, KEY_BYTES));
}

function stretch(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    scrypt(passphrase, salt, KEY_BYTES, SCRYPT, (error, key) => (error === null ? resolve(key) : reject(error))),
  );
}
