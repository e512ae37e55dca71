import { randomBytes } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AutomatrixError, ConfigurationError } from "../../errors/errors.js";
import type { SecretStore } from "../../ports/secret-store.js";
import { isPlainObject, toPlainJson } from "../../shared/plain-json.js";
import {
  type CredentialsDocument,
  parseCredentialsDocument,
  placeOf,
  printCredentialsDocument,
  SALT_BYTES,
  type SealedCredential,
} from "./credentials-document.js";
import { type HeldLock, withFileLock } from "./file-lock.js";
import { type CredentialKey, KeyRing } from "./key-ring.js";
import { openCredential, sealCredential, unknownKey } from "./seal-credential.js";
import { writeFileAtomically } from "./write-file-atomically.js";

/** Characters of a name, and of a tenant. */
const MAX_NAME_LENGTH = 256;
/** One credential as JSON. */
const MAX_CREDENTIAL_BYTES = 256 * 1024;
/** Credentials in one file. */
const MAX_CREDENTIALS = 10_000;
/** The whole file. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Which file, and its keys: one `key`, or several `keys` of which the first encrypts and all decrypt. */
export type EncryptedFileSecretsOptions = { readonly file: string } & (
  | { readonly key: string; readonly keys?: never }
  | { readonly keys: readonly string[]; readonly key?: never }
);

/** Whose credential: that of one tenant, or, without one, the one that all tenants share. */
export interface CredentialScope {
  readonly tenant?: string | null;
}

/** What is known about a credential without its value. */
export interface CredentialEntry {
  readonly name: string;
  readonly tenant: string | null;
  /** Of the key that it was encrypted with. */
  readonly keyId: string;
  /** True when that is the first key given. */
  readonly isCurrent: boolean;
}

/** A secret store in a file. Made by {@link encryptedFileSecrets}. */
export interface EncryptedFileSecrets extends SecretStore {
  /**
   * Stores a credential, or puts it in place of the one of the same name and tenant. Durable once it resolves.
   * @throws ConfigurationError `invalid_input`; AutomatrixError `credential_too_large`, `credentials_key_unknown`,
   * `credentials_file_damaged`, `credentials_file_busy`, `credentials_file_unavailable`
   */
  set(name: string, value: Readonly<Record<string, unknown>>, scope?: CredentialScope): Promise<void>;
  /** Removes a credential; false when there is none. Throws as `set` does. */
  delete(name: string, scope?: CredentialScope): Promise<boolean>;
  /** Every credential by tenant and name, without values. */
  list(): Promise<readonly CredentialEntry[]>;
  /** Encrypts every credential with the first key; resolves to how many were not yet. All, or on any error none. */
  rotate(): Promise<number>;
}

/**
 * Credentials in one JSON file, each encrypted with AES-256-GCM; names and tenants are not encrypted. A tenant without
 * a credential of some name gets the one that all share. Several processes may use the file at once; what one of them
 * writes, the others read from then on. A file that is damaged or was tampered with is refused and never overwritten.
 *
 * A key is 32 random bytes in base64 ({@link generateCredentialsKey}), or `passphrase:` and a passphrase. To change it,
 * give `keys: [new, old]` everywhere, call `rotate()`, then take the old one away.
 *
 * ```ts
 * const secrets = encryptedFileSecrets({ file: "credentials.json", key: process.env.CREDENTIALS_KEY ?? "" });
 * await secrets.set("mailer", { user: "shop", password: "…" });
 * const engine = createEngine({ storage, nodes, secrets });
 * ```
 * @throws ConfigurationError `invalid_configuration` for a key that is none
 */
export function encryptedFileSecrets(options: EncryptedFileSecretsOptions): EncryptedFileSecrets {
  const { file, key, keys = key === undefined ? [] : [key] } = options;
  if (typeof file !== "string" || file === "")
    throw new ConfigurationError("invalid_configuration", "encryptedFileSecrets needs the option file, a path.");
  return new CredentialsFile(resolve(file), new KeyRing(keys));
}

/** What a file held, and what it looked like from outside then. */
interface ReadDocument {
  readonly version: string;
  readonly document: CredentialsDocument;
}

type Credentials = Map<string, SealedCredential>;

class CredentialsFile implements EncryptedFileSecrets {
  readonly #file: string;
  readonly #ring: KeyRing;
  #known: ReadDocument | undefined;
  /** Writes of this object, one after the other. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(file: string, ring: KeyRing) {
    this.#file = file;
    this.#ring = ring;
  }

  async get(name: string, { tenant }: { readonly tenant: string | null }) {
    const read = await this.#read(await this.#resolved());
    const credentials = read?.document.credentials;
    const sealed =
      (tenant === null ? undefined : credentials?.get(placeOf({ name, tenant }))) ??
      credentials?.get(placeOf({ name, tenant: null }));
    if (read === undefined || sealed === undefined) return undefined;
    return openCredential({ sealed, keys: await this.#ring.forSalt(read.document.salt), file: this.#file });
  }

  async set(name: string, value: Readonly<Record<string, unknown>>, scope: CredentialScope = {}): Promise<void> {
    const place = parsePlace(name, scope);
    const plain = parseValue(value);
    await this.#change((credentials, [key]) => {
      const sealed = sealCredential({ ...place, value: plain, key });
      if (credentials.size >= MAX_CREDENTIALS && !credentials.has(placeOf(place)))
        throw new ConfigurationError("invalid_input", `${this.#file} holds ${MAX_CREDENTIALS} credentials already.`);
      credentials.set(placeOf(place), sealed);
      return true;
    });
  }

  async delete(name: string, scope: CredentialScope = {}): Promise<boolean> {
    const place = placeOf(parsePlace(name, scope));
    return this.#change((credentials) => credentials.delete(place));
  }

  async list(): Promise<readonly CredentialEntry[]> {
    const read = await this.#read(await this.#resolved());
    if (read === undefined) return [];
    const [current] = await this.#ring.forSalt(read.document.salt);
    return [...read.document.credentials.values()]
      .map(({ name, tenant, keyId }) => ({ name, tenant, keyId, isCurrent: keyId === current?.id }))
      .sort((a, b) => compare(a.tenant ?? "", b.tenant ?? "") || compare(a.name, b.name));
  }

  async rotate(): Promise<number> {
    let count = 0;
    await this.#change((credentials, keys) => {
      for (const [place, sealed] of credentials) {
        // Each is opened, so that none that is damaged is taken for safe.
        const value = openCredential({ sealed, keys, file: this.#file });
        if (sealed.keyId === keys[0].id) continue;
        credentials.set(place, sealCredential({ ...sealed, value, key: keys[0] }));
        count++;
      }
      return count > 0;
    });
    return count;
  }

  // ── writing ────────────────────────────────────────────────────────────────

  /** Writes what `change` made of the credentials, unless that answers that nothing changed. */
  #change(change: (credentials: Credentials, keys: readonly [CredentialKey, ...CredentialKey[]]) => boolean) {
    const write = this.#lastWrite.then(async () => {
      const file = await this.#resolved();
      return this.#translated(() =>
        withFileLock(`${file}.lock`, async (lock) => {
          const read = await this.#read(file);
          const salt = read?.document.salt ?? randomBytes(SALT_BYTES);
          const keys = (await this.#ring.forSalt(salt)) as readonly [CredentialKey, ...CredentialKey[]];
          const credentials: Credentials = new Map(read?.document.credentials);
          this.#requireKeyOfFile(credentials, keys);
          if (!change(credentials, keys)) return false;
          await this.#write(file, { salt, credentials }, { lock, replaces: read?.version });
          return true;
        }),
      );
    });
    this.#lastWrite = write.catch(() => {});
    return write;
  }

  /** A key that opens nothing is a wrong one: what it wrote, those who have the right one could not read. */
  #requireKeyOfFile(credentials: Credentials, keys: readonly CredentialKey[]): void {
    const [first] = credentials.values();
    if (first === undefined) return;
    for (const { keyId } of credentials.values()) if (keys.some(({ id }) => id === keyId)) return;
    throw unknownKey(first, this.#file);
  }

  async #write(
    file: string,
    document: CredentialsDocument,
    { lock, replaces }: { readonly lock: HeldLock; readonly replaces: string | undefined },
  ): Promise<void> {
    const text = printCredentialsDocument(document);
    if (Buffer.byteLength(text) > MAX_FILE_BYTES)
      throw new AutomatrixError("credential_too_large", `${this.#file} would be larger than ${MAX_FILE_BYTES} bytes.`);
    await writeFileAtomically({
      path: file,
      text,
      beforeReplace: async () => {
        await lock.requireHeld();
        if ((await versionOf(file)) === replaces) return;
        throw new AutomatrixError(
          "credentials_file_busy",
          `${this.#file} was changed meanwhile by somebody who does not heed its lock. Nothing was written; try again.`,
        );
      },
    });
  }

  // ── reading ────────────────────────────────────────────────────────────────

  /** Behind a symbolic link, the file that it names is what is replaced. */
  #resolved(): Promise<string> {
    return realpath(this.#file).catch(() => this.#file);
  }

  /** What the file holds, parsed anew only when it looks different; undefined when there is no file. */
  #read(file: string): Promise<ReadDocument | undefined> {
    return this.#translated(async () => {
      const version = await versionOf(file);
      if (version === undefined) return undefined;
      if (this.#known?.version === version) return this.#known;
      const document = parseCredentialsDocument(await readFile(file, "utf8"), this.#file);
      this.#known = { version, document };
      return this.#known;
    });
  }

  /** Errors of the file system say which file, and what to do. */
  async #translated<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (cause) {
      if (AutomatrixError.is(cause)) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      const remedy =
        code === "ENOENT"
          ? "create its folder"
          : "see that this process may read and write it and that the disk has room";
      throw new AutomatrixError(
        "credentials_file_unavailable",
        `The credentials file ${this.#file} cannot be used (${code ?? "unknown error"}); ${remedy}.`,
        { cause },
      );
    }
  }
}

/** Tells one state of a file from another: each write makes a new file. Undefined when there is none. */
async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    if (size > MAX_FILE_BYTES)
      throw new AutomatrixError("credentials_file_damaged", `${file} is larger than ${MAX_FILE_BYTES} bytes.`);
    return [ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parsePlace(name: unknown, { tenant = null }: CredentialScope): { name: string; tenant: string | null } {
  return {
    name: requireName(name, "The name of a credential"),
    tenant: tenant === null ? null : requireName(tenant, "A tenant"),
  };
}

function requireName(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && value.length <= MAX_NAME_LENGTH && !/\p{Cc}|\p{Cs}/u.test(value))
    return value;
  throw new ConfigurationError(
    "invalid_input",
    `${what} must be a text of 1 to ${MAX_NAME_LENGTH} characters, without control characters.`,
  );
}

function parseValue(value: unknown): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value) || Object.keys(value).length === 0)
    throw new ConfigurationError("invalid_input", `A credential must be an object such as { "token": "…" }.`);
  let plain: Readonly<Record<string, unknown>>;
  try {
    plain = toPlainJson(value, { maxBytes: Number.POSITIVE_INFINITY }) as Readonly<Record<string, unknown>>;
  } catch {
    throw new ConfigurationError(
      "invalid_input",
      "A credential must be plain JSON: texts, numbers, lists and objects.",
    );
  }
  if (Buffer.byteLength(JSON.stringify(plain)) <= MAX_CREDENTIAL_BYTES) return plain;
  throw new AutomatrixError("credential_too_large", `A credential has at most ${MAX_CREDENTIAL_BYTES} bytes as JSON.`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
