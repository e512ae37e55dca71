import { FatalNodeError } from "@automatrix/core";
import type { XmlBuilderOptions } from "fast-xml-parser";
import { isJsonObject } from "../../json/json-kind.js";
import { loadModule } from "../../loading/load-module.js";
import { ATTRIBUTE_PREFIX, TEXT_NAME } from "../parse/parse-xml.js";
import { requireLength } from "./bounded-text.js";

const NAME = /^[\p{L}_][\p{L}\p{N}_.:-]{0,199}$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 cannot hold at all
const NOT_IN_XML = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;
const MAX_DEPTH = 256;

/**
 * XML of an object with one member, the root, in the form that `parse` makes of XML: `@name` is an attribute, `#text` the
 * text, a list repeats its element.
 * @throws FatalNodeError `invalid_input` for names or characters that XML cannot have
 */
export function formatXml(data: unknown, indent: number): string {
  const roots = isJsonObject(data) ? Object.entries(data) : [];
  if (roots.length !== 1 || Array.isArray(roots[0]?.[1])) {
    throw invalid("XML has one root: give an object with one member that is no list.");
  }
  requireXmlValues(data, 0);
  const { XMLBuilder } = loadModule<{
    XMLBuilder: new (options: XmlBuilderOptions) => { build(value: unknown): string };
  }>("fast-xml-parser");
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE_PREFIX,
    textNodeName: TEXT_NAME,
    suppressBooleanAttributes: false,
    suppressEmptyNode: true,
    processEntities: true,
    format: indent > 0,
    indentBy: " ".repeat(indent),
  });
  return requireLength(`<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(data).trimEnd()}\n`);
}

/** Names come out as they are, so that a name with a bracket in it would be markup. */
function requireXmlValues(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`XML is made of data up to ${MAX_DEPTH} deep.`);
  if (typeof value === "string" && NOT_IN_XML.test(value))
    throw invalid("A text holds a control character, which XML cannot hold.");
  if (Array.isArray(value)) {
    for (const child of value) {
      if (Array.isArray(child)) throw invalid("A list within a list has no name in XML.");
      requireXmlValues(child, depth + 1);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [name, child] of Object.entries(value)) {
    requireName(name, child);
    requireXmlValues(child, depth + 1);
  }
}

function requireName(name: string, value: unknown): void {
  if (name === TEXT_NAME) {
    if (typeof value === "object" && value !== null)
      throw invalid(`"${TEXT_NAME}" must be text, a number or true or false.`);
    return;
  }
  const isAttribute = name.startsWith(ATTRIBUTE_PREFIX);
  if (!NAME.test(isAttribute ? name.slice(ATTRIBUTE_PREFIX.length) : name)) {
    throw invalid(`"${name.slice(0, 50)}" cannot be a name in XML.`);
  }
  if (isAttribute && typeof value === "object" && value !== null)
    throw invalid(`The attribute "${name.slice(0, 50)}" must be one value.`);
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
