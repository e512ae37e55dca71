import { FatalNodeError } from "@automatrix/core";

/** A media type without its parameters, in lower case; empty when there is none. */
export function mediaTypeOf(contentType: string | null): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** `application/json`, `text/json` and everything that ends in `+json`. */
export function isJsonType(mediaType: string): boolean {
  return /^(?:application|text)\/json$|\+json$/.test(mediaType);
}

/** Types whose bodies are read as text. */
export function isTextType(mediaType: string): boolean {
  return (
    /^text\/|\+xml$|^application\/(?:xml|javascript|ecmascript|x-www-form-urlencoded|graphql|yaml|x-yaml|x-ndjson|sql)$/.test(
      mediaType,
    ) || isJsonType(mediaType)
  );
}

/**
 * Bytes as text, in the character set that the content type names, else by their byte order mark, else as UTF-8.
 * @throws FatalNodeError `invalid_response` for a character set that nobody knows
 */
export function decodeText(bytes: Uint8Array, contentType: string | null): string {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType ?? "")?.[1] ?? charsetOfMark(bytes);
  return decoderFor(charset).decode(bytes);
}

/** The text if the bytes are UTF-8 through and through, and no control characters are in it. */
export function decodeIfText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function charsetOfMark([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function decoderFor(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    throw new FatalNodeError(
      `The answer is in the character set "${charset}", which is not known; read it with responseKind "binary".`,
      {
        code: "invalid_response",
      },
    );
  }
}
