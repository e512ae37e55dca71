import { MIN_SECRET_LENGTH } from "./text-masker.js";

/** Numbers with fewer digits are ports, years and counts. */
const MIN_NUMBER_DIGITS = 6;
/** Lines of a longer text, such as a key in PEM, that are secrets of their own. */
const MIN_LINE_LENGTH = 16;
/** A piece out of the middle of base64 that is shorter is found in other texts too. */
const MIN_BASE64_PIECE_LENGTH = 8;

/** The secrets in a credential: its texts, and the lines of long ones, its longer numbers and what is binary. */
export function secretsIn(credential: unknown): ReadonlySet<string> {
  const secrets = new Set<string>();
  collect(credential, { secrets, seen: new Set() });
  return secrets;
}

function collect(value: unknown, found: { readonly secrets: Set<string>; readonly seen: Set<object> }): void {
  if (typeof value === "string") return addText(value, found.secrets);
  if (typeof value === "number" || typeof value === "bigint") return addNumber(String(value), found.secrets);
  if (typeof value !== "object" || value === null || found.seen.has(value)) return;
  found.seen.add(value);
  if (ArrayBuffer.isView(value)) {
    return addBytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength), found.secrets);
  }
  for (const part of Object.values(value)) collect(part, found);
}

function addNumber(text: string, secrets: Set<string>): void {
  if (text.replace(/\D/g, "").length >= MIN_NUMBER_DIGITS) secrets.add(text.replace("-", ""));
}

function addBytes(bytes: Buffer, secrets: Set<string>): void {
  for (const encoding of ["base64", "base64url", "hex", "latin1"] as const) secrets.add(bytes.toString(encoding));
  addText(bytes.toString("utf8"), secrets);
}

function addText(text: string, secrets: Set<string>): void {
  for (const secret of [text, text.trim()]) if (secret.length >= MIN_SECRET_LENGTH) secrets.add(secret);
  for (const line of text.split(/\r?\n/)) if (line.trim().length >= MIN_LINE_LENGTH) secrets.add(line.trim());
}

/** A secret as others may quote it: as it is, in JSON, URLs, forms, HTML, base64 and hexadecimal. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text, "utf8");
  const json = JSON.stringify(text).slice(1, -1);
  const percent = percentEncoded(text, bytes);
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("/", "\\/"),
    json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ...percent,
    ...percent.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    htmlEscaped(text),
    // UTF-8 that somebody took for Latin-1.
    bytes.toString("latin1"),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...base64Forms(bytes),
  ];
}

/** In a path or query, in a form, with every sign encoded that may be, and with those of a URL left as they are. */
function percentEncoded(text: string, bytes: Buffer): readonly string[] {
  // Not encodeURIComponent of the text: it refuses half of a surrogate pair.
  const component = encodeURIComponent(bytes.toString("utf8"));
  const strict = component.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([["", text]]).toString().slice(1);
  return [component, strict, form, encodeURI(bytes.toString("utf8"))];
}

function htmlEscaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * Base64 of the text alone, and of its place inside a longer one, as in `Basic base64("user:password")`: three
 * characters are four letters, so the letters depend on where in a group of three the text begins.
 */
function base64Forms(bytes: Buffer): readonly string[] {
  const forms: string[] = [];
  for (const encoding of ["base64", "base64url"] as const) {
    forms.push(bytes.toString(encoding));
    for (const offset of [0, 1, 2]) {
      const letters = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
      const piece = letters.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
      if (piece.length >= MIN_BASE64_PIECE_LENGTH) forms.push(piece);
    }
  }
  return forms;
}
