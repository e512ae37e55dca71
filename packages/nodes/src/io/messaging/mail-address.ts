import { domainToASCII } from "node:url";

export interface MailAddress {
  readonly address: string;
  readonly name?: string;
}

/** An address as an author writes it: `ada@example.com`, `Ada Lovelace <ada@example.com>`, or an object. */
export type MailAddressInput = string | { readonly address: string; readonly name?: string | undefined };

const MAX_ADDRESS_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;
const MAX_NAME_LENGTH = 200;
const LOCAL_PART = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** A text with this in it could begin a header of its own, or hide what follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL_CHARACTER = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/;

/**
 * Reads one address or a list; text may hold several with commas between them. The same address twice counts once.
 * Returns text that says what is wrong with one that cannot be used.
 */
export function parseAddresses(given: MailAddressInput | readonly MailAddressInput[]): readonly MailAddress[] | string {
  const found = new Map<string, MailAddress>();
  for (const item of Array.isArray(given) ? given : [given]) {
    const entries: readonly MailAddressInput[] = typeof item === "string" ? splitList(item) : [item];
    for (const entry of entries) {
      const address = typeof entry === "string" ? parseEntry(entry) : checkAddress(entry);
      if (typeof address === "string") return address;
      const key = address.address.toLowerCase();
      if (!found.has(key)) found.set(key, address);
    }
  }
  return [...found.values()];
}

/** Cuts at the commas that stand neither in quotes nor in angle brackets. */
function splitList(text: string): readonly string[] {
  const entries: string[] = [];
  let entry = "";
  let isQuoted = false;
  let isBracketed = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] as string;
    if (character === "\\" && isQuoted) {
      entry += character + (text[index + 1] ?? "");
      index += 1;
      continue;
    }
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && character === "<") isBracketed = true;
    if (!isQuoted && character === ">") isBracketed = false;
    if (character === "," && !isQuoted && !isBracketed) {
      entries.push(entry);
      entry = "";
    } else entry += character;
  }
  return [...entries, entry].filter((part) => part.trim() !== "");
}

function parseEntry(text: string): MailAddress | string {
  if (CONTROL_CHARACTER.test(text)) return "an address holds a control character or line break";
  const trimmed = text.trim();
  const open = trimmed.lastIndexOf("<");
  if (open < 0) return checkAddress({ address: trimmed });
  if (!trimmed.endsWith(">")) return "an address has an angle bracket too few or too many";
  const name = trimmed.slice(0, open).trim();
  const unquoted = /^"(?:[^"\\]|\\.)*"$/.test(name) ? name.slice(1, -1).replace(/\\(.)/g, "$1") : name;
  return checkAddress({ address: trimmed.slice(open + 1, -1).trim(), name: unquoted });
}

function checkAddress({
  address,
  name,
}: {
  readonly address: string;
  readonly name?: string | undefined;
}): MailAddress | string {
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at);
  if (CONTROL_CHARACTER.test(address)) return "an address holds a control character or line break";
  if (at < 1 || address.length > MAX_ADDRESS_LENGTH || local.length > MAX_LOCAL_LENGTH || !LOCAL_PART.test(local)) {
    return "an address is not of the form name@domain";
  }
  const domain = domainToASCII(address.slice(at + 1));
  if (!DOMAIN.test(domain)) return "an address has a domain that cannot exist";
  if (name === undefined || name === "") return { address: `${local}@${domain}` };
  if (CONTROL_CHARACTER.test(name)) return "the name of an address holds a control character or line break";
  if (name.length > MAX_NAME_LENGTH) return `the name of an address is longer than ${MAX_NAME_LENGTH} characters`;
  return { address: `${local}@${domain}`, name };
}
