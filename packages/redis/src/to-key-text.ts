/** UTF-8 has no lone surrogates: Redis would hold the same key for all of them. U+FDD0 starts their escapes. */
const UNSAFE = /[\ufdd0\ud800-\udfff]/gu;
const ESCAPE = "\ufdd0";

/** A part of a key in Redis for any text: ordinary ones unchanged, different ones different. */
export function toKeyText(text: string): string {
  return text.replace(UNSAFE, (unit) => ESCAPE + unit.charCodeAt(0).toString(16));
}
