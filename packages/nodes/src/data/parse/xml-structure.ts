import { parseFailure, tooMuch } from "./parse-failure.js";

/**
 * Looks at the tags of a text before a parser does: refuses document types (entities that expand, files that are
 * fetched) and bounds the nesting. One pass, whatever the text is.
 * @throws FatalNodeError `parse_failed` or `content_too_large`
 */
export function checkXmlStructure(text: string, maxDepth: number): void {
  let depth = 0;
  let at = text.indexOf("<");
  while (at !== -1) {
    const end = endOfMarkup(text, at);
    if (text.charCodeAt(at + 1) === SLASH) depth -= 1;
    else if (isElement(text, at) && text.charCodeAt(end - 2) !== SLASH) depth += 1;
    if (depth > maxDepth) throw tooMuch("The XML is nested too deep", `\`maxDepth\` allows ${maxDepth}`);
    at = text.indexOf("<", end);
  }
}

const SLASH = 0x2f;

function isElement(text: string, at: number): boolean {
  const next = text.charAt(at + 1);
  return next !== "!" && next !== "?";
}

/** Offset after the markup that begins at `at`. */
function endOfMarkup(text: string, at: number): number {
  if (text.startsWith("<!--", at)) return after(text, "-->", at + 4);
  if (text.startsWith("<![CDATA[", at)) return after(text, "]]>", at + 9);
  if (text.startsWith("<?", at)) return after(text, "?>", at + 2);
  if (text.startsWith("<!", at)) {
    throw parseFailure("XML without a document type", "documents with <!DOCTYPE or entities of their own are refused.");
  }
  return endOfTag(text, at);
}

/** Offset after the `>` that ends a tag; one within quotes does not. */
function endOfTag(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === ">") return index + 1;
    if (character === '"' || character === "'") index = after(text, character, index + 1) - 1;
  }
  throw parseFailure("well-formed XML", `the tag at offset ${at} is never closed.`, { offset: at });
}

function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  if (found === -1) throw parseFailure("well-formed XML", `${end} is missing.`, { offset: from });
  return found + end.length;
}
