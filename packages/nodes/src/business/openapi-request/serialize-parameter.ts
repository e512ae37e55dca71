import { FatalNodeError } from "@automatrix/core";
import { isJsonObject, type JsonObject } from "../../json/json-kind.js";
import { encodeSegment } from "../rest/path-template.js";

const DEFAULT_STYLES: Readonly<Record<string, string>> = {
  path: "simple",
  query: "form",
  header: "simple",
  cookie: "form",
};

type Pair = readonly [name: string, value: string];

/** Query and cookie parameters as pairs; arrays and objects in the style that the document asks for. */
export function toPairs(parameter: JsonObject, value: unknown): readonly Pair[] {
  const { name, style, explode } = shapeOf(parameter);
  if (hasContent(parameter)) return [[name, JSON.stringify(value)]];
  if (Array.isArray(value)) {
    if (style === "form" && explode) return value.map((item) => [name, toText(name, item)] as const);
    const separator = style === "spaceDelimited" ? " " : style === "pipeDelimited" ? "|" : ",";
    return [[name, value.map((item) => toText(name, item)).join(separator)]];
  }
  if (!isJsonObject(value)) return [[name, toText(name, value)]];
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (style === "deepObject") return entries.map(([key, item]) => [`${name}[${key}]`, toText(name, item)] as const);
  if (explode) return entries.map(([key, item]) => [key, toText(name, item)] as const);
  return [[name, entries.flatMap(([key, item]) => [key, toText(name, item)]).join(",")]];
}

/** A path parameter in style `simple`, `label` or `matrix`; never more than its own segment. */
export function toPathSegment(parameter: JsonObject, value: unknown): string {
  const { name, style, explode } = shapeOf(parameter);
  const encode = (item: unknown) => encodeSegment(name, hasContent(parameter) ? JSON.stringify(item) : item);
  const parts = Array.isArray(value)
    ? value.map(encode)
    : isJsonObject(value)
      ? Object.entries(value).map(([key, item]) => `${encode(key)}${explode ? "=" : ","}${encode(item)}`)
      : [encode(value)];
  if (style === "label") return `.${parts.join(explode ? "." : ",")}`;
  if (style !== "matrix") return parts.join(",");
  const isExplodedList = explode && Array.isArray(value);
  if (explode && isJsonObject(value)) return `;${parts.join(";")}`;
  return isExplodedList ? parts.map((part) => `;${name}=${part}`).join("") : `;${name}=${parts.join(",")}`;
}

/** A header parameter in style `simple`. @throws FatalNodeError `invalid_input` when it would end the header */
export function toHeaderValue(parameter: JsonObject, value: unknown): string {
  const { name, explode } = shapeOf(parameter);
  const text = hasContent(parameter)
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? value.map((item) => toText(name, item)).join(",")
      : isJsonObject(value)
        ? Object.entries(value)
            .map(([key, item]) => `${key}${explode ? "=" : ","}${toText(name, item)}`)
            .join(",")
        : toText(name, value);
  if (/[^\u0020-\u007e\u00a0-\u00ff]/.test(text)) {
    throw new FatalNodeError(`The header parameter "${name}" holds characters that a header cannot.`, {
      code: "invalid_input",
    });
  }
  return text;
}

function shapeOf(parameter: JsonObject): { readonly name: string; readonly style: string; readonly explode: boolean } {
  const style = typeof parameter["style"] === "string" ? parameter["style"] : DEFAULT_STYLES[String(parameter["in"])];
  const explode = typeof parameter["explode"] === "boolean" ? parameter["explode"] : style === "form";
  return { name: String(parameter["name"]), style: style ?? "simple", explode };
}

function hasContent(parameter: JsonObject): boolean {
  return isJsonObject(parameter["content"]);
}

function toText(name: string, value: unknown): string {
  if (value === null) return "";
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new FatalNodeError(`The parameter "${name}" is nested deeper than an address can hold.`, {
    code: "invalid_input",
  });
}
