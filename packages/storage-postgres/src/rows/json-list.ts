/** What JSON text never has: control characters. They separate texts, and stand for one that is not there. */
const SEPARATOR = 0x1f;
const ABSENT = 0x1e;

/** The list as one text, which needs no escapes; null where every text is. */
export function toJsonList(texts: readonly (string | null)[]): string | null {
  if (texts.every((text) => text === null)) return null;
  const absent = String.fromCharCode(ABSENT);
  return texts.map((text) => text ?? absent).join(String.fromCharCode(SEPARATOR));
}

/** SQL for the array of texts in a parameter that {@link toJsonList} made. */
export function fromJsonList(parameter: string): string {
  return `string_to_array(${parameter}::text, chr(${SEPARATOR}), chr(${ABSENT}))`;
}
