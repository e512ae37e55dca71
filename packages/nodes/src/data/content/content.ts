import { type BlobReference, FatalNodeError, type NodeContext } from "@automatrix/core";
import { isJsonObject, jsonKind } from "../../json/json-kind.js";

/** What reading content needs of a node's context. */
export type ContentContext = Pick<NodeContext<unknown>, "blobs" | "input">;

export interface ContentLimit {
  /** Bytes of the content; text counts as UTF-8. */
  readonly maxBytes: number;
}

/** Whether a value stands for a blob: `{ $blob, bytes, contentType }`. */
export function isBlobReference(value: unknown): value is BlobReference {
  return isJsonObject(value) && typeof value["$blob"] === "string";
}

/**
 * The text or blob reference given as `source`, or else the input.
 * @throws FatalNodeError `invalid_input` when it is neither; the message names what it is
 */
export function readSource(source: unknown, ctx: ContentContext): string | BlobReference {
  const value: unknown = source === undefined ? ctx.input : source;
  if (typeof value === "string" || isBlobReference(value)) return value;
  const name = source === undefined ? "the input (no `source` given)" : "`source`";
  throw new FatalNodeError(`Expected text or a blob reference, but ${name} is of kind ${jsonKind(value)}.`, {
    code: "invalid_input",
    details: { kind: jsonKind(value) },
  });
}

/** Bytes of a source: a blob's content, or the UTF-8 of a text. @throws FatalNodeError `content_too_large` */
export async function readContent(
  source: string | BlobReference,
  { maxBytes }: ContentLimit,
  ctx: ContentContext,
): Promise<Uint8Array> {
  if (typeof source === "string") {
    requireSize(Buffer.byteLength(source), maxBytes);
    return Buffer.from(source, "utf8");
  }
  // The size in a reference is what somebody wrote there; it saves the read, but does not replace the check.
  if (typeof source.bytes === "number") requireSize(source.bytes, maxBytes);
  const bytes = await ctx.blobs.get(source);
  requireSize(bytes.byteLength, maxBytes);
  return bytes;
}

/** @throws FatalNodeError `content_too_large` */
export function requireSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new FatalNodeError(
    `The content has ${bytes} bytes, and the limit is ${maxBytes}; split it, or raise \`maxBytes\` where the node allows more.`,
    { code: "content_too_large", details: { bytes, maxBytes } },
  );
}
