/** The text of a credentials file: names and tenants can be read by anybody who has it, values by none without a key. */
import { z } from "zod";
import { AutomatrixError } from "../../errors/errors.js";

export const SALT_BYTES = 16;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** One credential, encrypted. */
export interface SealedCredential {
  readonly name: string;
  /** Null for the one that all tenants share. */
  readonly tenant: string | null;
  readonly keyId: string;
  readonly nonce: Uint8Array;
  readonly data: Uint8Array;
  /** By which a change of anything is seen. */
  readonly tag: Uint8Array;
}

export interface CredentialsDocument {
  readonly salt: Uint8Array;
  /** By {@link placeOf}. */
  readonly credentials: ReadonlyMap<string, SealedCredential>;
}

const bytes = (length?: number) =>
  z
    .base64()
    .transform((text): Uint8Array => Buffer.from(text, "base64"))
    .refine((value) => length === undefined || value.length === length, "has the wrong length");

/** A function: importing the engine builds no schema. */
const documentSchema = () =>
  z.strictObject({
    format: z.literal("automatrix-credentials"),
    version: z.literal(1),
    salt: bytes(SALT_BYTES),
    credentials: z.array(
      z.strictObject({
        name: z.string(),
        tenant: z.string().nullable(),
        keyId: z.string(),
        nonce: bytes(NONCE_BYTES),
        data: bytes(),
        tag: bytes(TAG_BYTES),
      }),
    ),
  });

/** Where a credential is kept in a document. A text of its own for every name and tenant, whatever they hold. */
export function placeOf({ name, tenant }: { readonly name: string; readonly tenant: string | null }): string {
  return JSON.stringify([tenant, name]);
}

/** @throws AutomatrixError `credentials_file_damaged` */
export function parseCredentialsDocument(text: string, file: string): CredentialsDocument {
  const parsed = documentSchema().safeParse(readJson(text, file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(file, `${issue?.path.map(String).join(".") || "the file"}: ${issue?.message ?? "not readable"}`);
  }
  const credentials = new Map(parsed.data.credentials.map((sealed) => [placeOf(sealed), sealed]));
  if (credentials.size < parsed.data.credentials.length) throw damaged(file, "it holds a credential twice");
  return { salt: parsed.data.salt, credentials };
}

export function printCredentialsDocument({ salt, credentials }: CredentialsDocument): string {
  const document = {
    format: "automatrix-credentials",
    version: 1,
    salt: toBase64(salt),
    credentials: [...credentials.values()].map(({ name, tenant, keyId, nonce, data, tag }) => ({
      name,
      tenant,
      keyId,
      nonce: toBase64(nonce),
      data: toBase64(data),
      tag: toBase64(tag),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(file, "it is cut off, or is no JSON");
  }
}

function damaged(file: string, why: string): AutomatrixError {
  return new AutomatrixError(
    "credentials_file_damaged",
    `${file} is no credentials file, or is damaged (${why}). It was left as it is; restore it from a backup.`,
  );
}

function toBase64(value: Uint8Array): string {
  return Buffer.from(value).toString("base64");
}
