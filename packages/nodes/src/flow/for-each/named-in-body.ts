/** No sign of a name before or after. */
const BEFORE = "(?<![\\p{L}\\p{N}_$])";
const AFTER = "(?![\\p{L}\\p{N}_$])";
/** `nodes` that is not followed by the name of a property, as in `nodes[x]` and `keys(nodes)`. */
const IN_WHOLE = `${AFTER}(?!\\s*(?:\\?\\.|\\.)?\\s*(?:[\\p{L}_$]|\\[\\s*["']))`;

/**
 * Which of the properties of `root` (`nodes` or `trigger`) the expressions of a body name: all of them where it is used
 * as a whole. Reads the text, and so may find more than there is, but nothing less.
 */
export function namedInBody(body: unknown, root: string, properties: readonly string[]): readonly string[] {
  const text = textOf(body);
  if (new RegExp(BEFORE + root + IN_WHOLE, "u").test(text)) return properties;
  return properties.filter((name) => {
    const literal = escapeSigns(name);
    const access = `\\s*(?:(?:\\?\\.|\\.)\\s*${literal}${AFTER}|(?:\\?\\.)?\\s*\\[\\s*["']${literal}["'])`;
    return new RegExp(BEFORE + root + access, "u").test(text);
  });
}

/** Which of these names stand in a body by themselves, as `{{city}}` does. */
export function bareInBody(body: unknown, names: readonly string[]): readonly string[] {
  const text = textOf(body);
  return names.filter((name) => new RegExp(BEFORE + escapeSigns(name) + AFTER, "u").test(text));
}

/** Every text in a value, bodies within it included, a line each. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? Object.values(value).map(textOf).join("\n") : "";
}

function escapeSigns(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
