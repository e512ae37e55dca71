/** Everything a terminal could take as a command, and what reorders or hides text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;

const ELLIPSIS = "…";

/** Text from a definition or a node, made harmless for a terminal: one line, no escape sequences. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, " ");
}

/** The text, or its beginning and an ellipsis when it is longer than `maxLength` characters. */
export function shorten(text: string, maxLength: number): string {
  const characters = [...text];
  if (characters.length <= maxLength) return text;
  return characters.slice(0, Math.max(0, maxLength - 1)).join("") + ELLIPSIS;
}
