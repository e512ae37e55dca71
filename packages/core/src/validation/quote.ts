const MAX_QUOTED_LENGTH = 80;
const MAX_LISTED = 10;
/** What is left of a surrogate pair that was cut. */
const HALF_CHARACTER = /[\ud800-\udbff]$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A name from a definition, as messages show it: in quotes, shortened, control characters as `\u` escapes. */
export function quote(name: string): string {
  return `"${shown(name)}"`;
}

/** Names as a message lists them: the first ten, then how many more. */
export function listed(names: readonly string[], separator: string): string {
  const first = names.slice(0, MAX_LISTED).map(shown).join(separator);
  return names.length > MAX_LISTED ? `${first}${separator}… (${names.length - MAX_LISTED} more)` : first;
}

function shown(name: string): string {
  const short =
    name.length > MAX_QUOTED_LENGTH ? `${name.slice(0, MAX_QUOTED_LENGTH).replace(HALF_CHARACTER, "")}…` : name;
  return short.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
