import { decodeText } from "../../http/decode-body.js";

/** How much of a page is searched for the character set that it declares itself, as browsers do. */
const DECLARATION_BYTES = 1_024;
const DECLARATION = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i;

/** Text of a page, in the character set of its header, its byte order mark, or its own declaration. */
export function decodePage(bytes: Uint8Array, contentType: string | null): string {
  if (/;\s*charset\s*=/i.test(contentType ?? "") || hasMark(bytes)) return decodeText(bytes, contentType);
  const beginning = new TextDecoder("latin1").decode(bytes.subarray(0, DECLARATION_BYTES));
  const declared = DECLARATION.exec(beginning)?.[1];
  // A page that declares UTF-16 in plain letters is not written in it.
  if (declared === undefined || /^utf-?16/i.test(declared) || !isKnown(declared)) return decodeText(bytes, contentType);
  return decodeText(bytes, `text/html; charset=${declared}`);
}

function isKnown(charset: string): boolean {
  try {
    return new TextDecoder(charset) !== undefined;
  } catch {
    return false;
  }
}

function hasMark([first, second, third]: Uint8Array): boolean {
  return (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (first === 0xef && second === 0xbb && third === 0xbf)
  );
}
