/** Longest id of a node, in UTF-16 units. */
export const MAX_NODE_ID_LENGTH = 128;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN_CHARACTER = /[/[\]\u0000-\u001f\u007f-\u009f]/;
const FORBIDDEN_IDS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * True for an id that a node may have: 1–128 characters, none of `/ [ ]` or control characters, and none of
 * `__proto__`, `constructor`, `prototype`. So scope paths such as `loop[3]/fetch` stay unambiguous.
 */
export function isValidNodeId(id: unknown): id is string {
  return (
    typeof id === "string" &&
    id.length > 0 &&
    id.length <= MAX_NODE_ID_LENGTH &&
    !FORBIDDEN_CHARACTER.test(id) &&
    !FORBIDDEN_IDS.has(id)
  );
}
