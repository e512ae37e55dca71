import type { ValidationError, validationOptions, X2jOptions } from "fast-xml-parser";
import { loadModule } from "../../loading/load-module.js";
import { toPlainValue } from "./cell-types.js";
import { parseFailure } from "./parse-failure.js";
import { checkXmlStructure } from "./xml-structure.js";

export const ATTRIBUTE_PREFIX = "@";
export const TEXT_NAME = "#text";

interface FastXmlParser {
  readonly XMLParser: new (options: X2jOptions) => { parse(text: string): unknown };
  readonly XMLValidator: { validate(text: string, options?: validationOptions): true | ValidationError };
}

export interface XmlFormat {
  /** Elements that are lists even when there is one of them. */
  readonly lists: readonly string[];
  readonly removeNamespaces: boolean;
  readonly types: "text" | "auto";
  readonly maxDepth: number;
}

/**
 * Parses XML: an element becomes an object with its attributes as `@name` and its text as `#text`, or just its text when
 * it has nothing else; elements of one name become a list. There are no document types and no entities but those of XML
 * itself, so that nothing expands and nothing is fetched.
 * @throws FatalNodeError `parse_failed`, or `content_too_large` when it is nested deeper than `maxDepth`
 */
export function parseXml(text: string, { lists, removeNamespaces, types, maxDepth }: XmlFormat): unknown {
  checkXmlStructure(text, maxDepth);
  const { XMLParser, XMLValidator } = loadModule<FastXmlParser>("fast-xml-parser");
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    throw parseFailure("well-formed XML", `it breaks off or is malformed in line ${valid.err.line}.`, {
      line: valid.err.line,
    });
  }
  const listNames = new Set(lists);
  const toValue = types === "auto" ? toPlainValue : (value: string) => value;
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE_PREFIX,
    textNodeName: TEXT_NAME,
    ignoreDeclaration: true,
    ignorePiTags: true,
    removeNSPrefix: removeNamespaces,
    parseTagValue: false,
    parseAttributeValue: false,
    entityDecoder: xmlEntities,
    maxNestedTags: maxDepth + 1,
    isArray: (name) => listNames.has(name),
    tagValueProcessor: (_name, value) => toValue(value),
    attributeValueProcessor: (_name, value) => toValue(value),
  });
  try {
    return parser.parse(text);
  } catch (error) {
    if (error instanceof UnknownEntityError) throw parseFailure("XML", error.message);
    throw parseFailure("XML", "it is malformed, or holds a reserved name such as __proto__.");
  }
}

class UnknownEntityError extends Error {}

const ENTITY = /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{1,32}));/g;
const NAMED: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);
const MAX_CODE_POINT = 0x10ffff;

/** The five entities of XML and character references; a decoder of our own, since no document may bring others. */
const xmlEntities = {
  decode: (text: string): string => (text.includes("&") ? text.replace(ENTITY, decodeEntity) : text),
  reset: () => undefined,
  setXmlVersion: () => undefined,
  addInputEntities: () => undefined,
  setExternalEntities: () => undefined,
};

function decodeEntity(entity: string, decimal?: string, hexadecimal?: string, name?: string): string {
  const point = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
  const decoded = name === undefined ? fromCodePoint(point) : NAMED.get(name);
  if (decoded === undefined) throw new UnknownEntityError(`it uses ${entity}, which is not declared.`);
  return decoded;
}

function fromCodePoint(point: number): string | undefined {
  const isCharacter = point > 0 && point <= MAX_CODE_POINT && !(point >= 0xd800 && point <= 0xdfff);
  return isCharacter ? String.fromCodePoint(point) : undefined;
}
