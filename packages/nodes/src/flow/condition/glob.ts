/**
 * Whether the text matches a pattern in which `*` stands for any characters, `\*` for a star and `\\` for a backslash.
 * Two pointers and the last star only, so the time is at most length of text times length of pattern.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  const tokens = toTokens(pattern);
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (token < tokens.length && tokens[token] === ANY) {
      star = token;
      starAt = at;
      token += 1;
    } else if (token < tokens.length && tokens[token] === text[at]) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      starAt += 1;
      at = starAt;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === ANY);
}

const ANY = Symbol("any characters");

function toTokens(pattern: string): readonly (string | typeof ANY)[] {
  const tokens: (string | typeof ANY)[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index] as string;
    const escaped = character === "\\" ? pattern[index + 1] : undefined;
    if (escaped === "*" || escaped === "\\") {
      tokens.push(escaped);
      index += 1;
    } else {
      tokens.push(character === "*" ? ANY : character);
    }
  }
  return tokens;
}
