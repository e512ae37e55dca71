import type { FileHandle } from "node:fs/promises";
import { AutomatrixError, type BlobReference, FatalNodeError, type NodeContext } from "@automatrix/core";
import { contentTooLarge } from "./file-errors.js";

const CHUNK_BYTES = 64 * 1024;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** How content stands in parameters and outputs. */
export const CONTENT_FORMATS = ["text", "json", "base64", "blob"] as const;
export type ContentFormat = (typeof CONTENT_FORMATS)[number];

export interface ReadParams {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

/** The bytes of a file piece by piece; fails when there are more than `maxBytes`, also if it grows meanwhile. */
export async function* readChunks(
  file: FileHandle,
  { path, signal, maxBytes }: ReadParams,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let bytes = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, bytes);
    if (bytesRead === 0) return;
    bytes += bytesRead;
    if (bytes > maxBytes) throw contentTooLarge(path, maxBytes, "the operator can allow more");
    yield buffer.subarray(0, bytesRead);
  }
}

export async function joinChunks(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Turns bytes into what an output holds. */
export function fromBytes(path: string, bytes: Uint8Array, format: Exclude<ContentFormat, "blob">): unknown {
  if (format === "base64") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const text = decodeText(path, bytes);
  return format === "text" ? text : parseJson(path, text);
}

/** Turns a parameter into bytes; without a format by what it is: text, a blob, or else JSON. */
export async function toBytes(
  ctx: NodeContext<unknown>,
  content: unknown,
  {
    format,
    maxBytes,
    path,
  }: { readonly format: ContentFormat | undefined; readonly maxBytes: number; readonly path: string },
): Promise<Uint8Array> {
  const kind = format ?? kindOf(content);
  const bytes = kind === "blob" ? await readBlob(ctx, content, { maxBytes, path }) : encode(kind, content);
  if (bytes.byteLength > maxBytes) throw contentTooLarge(path, maxBytes, "the operator can allow more");
  return bytes;
}

export function isBlobReference(value: unknown): value is BlobReference {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { $blob?: unknown }).$blob === "string";
}

function kindOf(content: unknown): ContentFormat {
  if (typeof content === "string") return "text";
  return isBlobReference(content) ? "blob" : "json";
}

function encode(format: Exclude<ContentFormat, "blob">, content: unknown): Uint8Array {
  if (format === "json") return Buffer.from(JSON.stringify(content ?? null));
  if (typeof content !== "string") throw wrongContent(`format "${format}" needs text as content`);
  if (format === "text") return Buffer.from(content);
  const compact = content.replace(/\s+/g, "");
  if (compact.length % 4 !== 0 || !BASE64.test(compact)) throw wrongContent("the content is not base64");
  return Buffer.from(compact, "base64");
}

async function readBlob(
  ctx: NodeContext<unknown>,
  content: unknown,
  { maxBytes, path }: { readonly maxBytes: number; readonly path: string },
): Promise<Uint8Array> {
  if (!isBlobReference(content)) throw wrongContent('format "blob" needs a blob reference as content');
  // What the reference says may be wrong; what comes is measured again.
  if (content.bytes > maxBytes) throw contentTooLarge(path, maxBytes, "the operator can allow more");
  try {
    return await ctx.blobs.get(content);
  } catch (error) {
    if (AutomatrixError.is(error) && error.code === "blob_not_found")
      throw new FatalNodeError(error.message, { code: "blob_not_found" });
    throw error;
  }
}

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(path, "it is not text in UTF-8; read it as base64 or blob");
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw unreadable(path, "it is not JSON");
  }
}

function unreadable(path: string, why: string): FatalNodeError {
  return new FatalNodeError(`"${path}" cannot be read as asked: ${why}.`, { code: "parse_failed" });
}

function wrongContent(why: string): FatalNodeError {
  return new FatalNodeError(`The content cannot be written: ${why}.`, { code: "invalid_parameters" });
}
