import { AutomatrixError, generateCredentialsKey } from "@automatrix/core";
import { EXIT_OK } from "../exit-code.js";
import { printable } from "../printable.js";
import type { Streams } from "../streams.js";
import { tableText } from "../table-text.js";
import { KEY_VARIABLE, openCredentialsFile } from "./credentials-file.js";
import { readCredentialValue } from "./credentials-value.js";

export interface CredentialsOptions {
  readonly file?: string;
}

export interface CredentialOptions extends CredentialsOptions {
  readonly tenant?: string;
}

export interface SetCredentialOptions extends CredentialOptions {
  readonly valueFile?: string;
}

export interface ListCredentialsOptions extends CredentialsOptions {
  readonly json?: boolean;
}

const HEADINGS = ["NAME", "TENANT", "KEY"];

/** `automatrix credentials set NAME`: stores a credential. */
export async function setCredentialCommand(
  name: string,
  options: SetCredentialOptions,
  streams: Streams,
): Promise<number> {
  const { file, secrets } = openCredentialsFile(options.file);
  await secrets.set(name, await readCredentialValue(options.valueFile, streams), scopeOf(options));
  streams.output.write(`${titleOf(name, options)} is stored in ${printable(file)}.\n`);
  return EXIT_OK;
}

/** `automatrix credentials list`: names and tenants, no values. */
export async function listCredentialsCommand(options: ListCredentialsOptions, streams: Streams): Promise<number> {
  const { file, secrets } = openCredentialsFile(options.file);
  const entries = await secrets.list();
  if (options.json === true) {
    streams.output.write(`${JSON.stringify({ file, credentials: entries })}\n`);
    return EXIT_OK;
  }
  if (entries.length === 0) {
    streams.errors.write(`There is no credential in ${printable(file)}.\n`);
    return EXIT_OK;
  }
  const rows = entries.map(({ name, tenant, keyId, isCurrent }) => [
    printable(name),
    tenant === null ? "(all)" : printable(tenant),
    isCurrent ? "first" : `other (${printable(keyId)})`,
  ]);
  streams.output.write(`${tableText([HEADINGS, ...rows])}\n`);
  return EXIT_OK;
}

/** `automatrix credentials delete NAME`. */
export async function deleteCredentialCommand(
  name: string,
  options: CredentialOptions,
  streams: Streams,
): Promise<number> {
  const { file, secrets } = openCredentialsFile(options.file);
  const title = titleOf(name, options);
  if (!(await secrets.delete(name, scopeOf(options))))
    throw new AutomatrixError("credential_not_found", `${title} is not in ${file}.`);
  streams.output.write(`${title} is deleted from ${printable(file)}.\n`);
  return EXIT_OK;
}

/** `automatrix credentials rotate`: encrypts everything with the first key. */
export async function rotateCredentialsCommand(options: CredentialsOptions, streams: Streams): Promise<number> {
  const { file, secrets } = openCredentialsFile(options.file);
  const count = await secrets.rotate();
  const total = (await secrets.list()).length;
  streams.output.write(
    `${count} of ${total} credentials in ${printable(file)} were encrypted anew; all are under the first key of ${KEY_VARIABLE} now.\n`,
  );
  return EXIT_OK;
}

/** `automatrix credentials generate-key`: a new random key. */
export async function generateCredentialsKeyCommand({ output }: Streams): Promise<number> {
  output.write(`${generateCredentialsKey()}\n`);
  return EXIT_OK;
}

function scopeOf({ tenant }: CredentialOptions): { readonly tenant: string | null } {
  return { tenant: tenant ?? null };
}

function titleOf(name: string, { tenant }: CredentialOptions): string {
  return `Credential "${printable(name)}"${tenant === undefined ? "" : ` of tenant "${printable(tenant)}"`}`;
}
