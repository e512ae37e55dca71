/**
 * beautiful-mermaid reads labels with a small grammar of its own (brackets, quotes, tags, Markdown) and knows no escape.
 * So what is not harmless is drawn as a character from Unicode's private use area, which it passes through, and put
 * back in the finished picture.
 */

const FIRST_DISGUISE = 0xe000;
/** Printable ASCII but letters, digits and space. */
const SIGNIFICANT = /[!-/:-@[-`{-~]/g;
const PRIVATE_USE = /[\ue000-\uf8ff]/g;
const UNKNOWN = "\uFFFD";

export function disguise(label: string): string {
  return label
    .replace(PRIVATE_USE, UNKNOWN)
    .replace(SIGNIFICANT, (sign) => String.fromCharCode(FIRST_DISGUISE + sign.charCodeAt(0)));
}

/** The finished picture with its signs put back, each through `encode`. */
export function reveal(picture: string, encode: (sign: string) => string): string {
  return picture.replace(PRIVATE_USE, (character) =>
    encode(String.fromCharCode(character.charCodeAt(0) - FIRST_DISGUISE)),
  );
}
