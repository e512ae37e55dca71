import { type BlobReference, FatalNodeError, type NodeContext } from "@automatrix/core";
import { isJsonObject, type JsonObject } from "../json/json-kind.js";

/** How a body is written; without one, text goes as it is and everything else as JSON. */
export type BodyKind = "json" | "form" | "multipart" | "text" | "raw";

/** A body ready to be sent, more than once if need be. */
export interface EncodedBody {
  readonly content: string | Uint8Array | FormData;
  /** What it is unless the headers say otherwise; undefined where fetch knows best. */
  readonly contentType: string | undefined;
}

/** Largest body that is sent, files included. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** @throws FatalNodeError `invalid_input`, `content_too_large`; StorageError `blob_not_found` */
export async function encodeBody(
  ctx: Pick<NodeContext, "blobs">,
  { body, kind }: { readonly body: unknown; readonly kind: BodyKind | undefined },
): Promise<EncodedBody> {
  const encoded = await encode(ctx, body, kind ?? kindOf(body));
  if (typeof encoded.content === "string") requireRoom(Buffer.byteLength(encoded.content));
  return encoded;
}

function kindOf(body: unknown): BodyKind {
  if (typeof body === "string") return "text";
  return isBlobReference(body) ? "raw" : "json";
}

async function encode(ctx: Pick<NodeContext, "blobs">, body: unknown, kind: BodyKind): Promise<EncodedBody> {
  switch (kind) {
    case "json":
      return { content: JSON.stringify(body), contentType: "application/json" };
    case "form":
      return { content: encodeForm(body), contentType: "application/x-www-form-urlencoded" };
    case "multipart":
      return { content: await encodeMultipart(ctx, body), contentType: undefined };
    case "text":
    case "raw":
      return encodeRaw(ctx, body, kind);
  }
}

async function encodeRaw(ctx: Pick<NodeContext, "blobs">, body: unknown, kind: "text" | "raw"): Promise<EncodedBody> {
  if (isBlobReference(body)) {
    requireRoom(body.bytes);
    return { content: await ctx.blobs.get(body), contentType: body.contentType };
  }
  const contentType = kind === "text" ? "text/plain;charset=utf-8" : undefined;
  if (typeof body === "string") return { content: body, contentType };
  if (typeof body === "number" || typeof body === "boolean") return { content: String(body), contentType };
  throw new FatalNodeError(`A body of kind "${kind}" is a text or a blob reference; for other values take "json".`, {
    code: "invalid_input",
  });
}

function encodeForm(body: unknown): string {
  if (typeof body === "string") return body;
  const form = new URLSearchParams();
  for (const [name, value] of fieldsOf(body, "form")) {
    if (isJsonObject(value)) throw notAField(name, "form");
    form.append(name, String(value));
  }
  return form.toString();
}

async function encodeMultipart(ctx: Pick<NodeContext, "blobs">, body: unknown): Promise<FormData> {
  const form = new FormData();
  let bytes = 0;
  for (const [name, value] of fieldsOf(body, "multipart")) {
    if (!isJsonObject(value)) {
      form.append(name, String(value));
      continue;
    }
    const file = await readFile(ctx, name, value, bytes);
    bytes += file.content.byteLength;
    form.append(name, new Blob([file.content as Uint8Array<ArrayBuffer>], { type: file.contentType }), file.filename);
  }
  return form;
}

/** Single values in the order of their fields; lists give a field several times, null none. */
function fieldsOf(body: unknown, kind: "form" | "multipart"): readonly (readonly [string, unknown])[] {
  if (!isJsonObject(body))
    throw new FatalNodeError(`A body of kind "${kind}" is an object of fields.`, { code: "invalid_input" });
  return Object.entries(body).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((single) => single !== null && single !== undefined)
      .map((single) => [name, single] as const),
  );
}

interface FileContent {
  readonly content: Uint8Array;
  readonly filename: string;
  readonly contentType: string;
}

async function readFile(
  ctx: Pick<NodeContext, "blobs">,
  field: string,
  value: JsonObject,
  usedBytes: number,
): Promise<FileContent> {
  const blob = isBlobReference(value) ? value : value["blob"];
  const filename = textOr(value["filename"], field);
  if (isBlobReference(blob)) {
    requireRoom(usedBytes + blob.bytes);
    const contentType = textOr(value["contentType"], blob.contentType);
    return { content: await ctx.blobs.get(blob), filename, contentType };
  }
  const base64 = value["base64"];
  if (typeof base64 !== "string" || !BASE64.test(base64)) throw notAField(field, "multipart");
  requireRoom(usedBytes + base64.length * 0.75);
  const contentType = textOr(value["contentType"], "application/octet-stream");
  return { content: Buffer.from(base64, "base64"), filename, contentType };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

export function isBlobReference(value: unknown): value is BlobReference {
  return isJsonObject(value) && typeof value["$blob"] === "string" && typeof value["bytes"] === "number";
}

function notAField(name: string, kind: "form" | "multipart"): FatalNodeError {
  const files =
    kind === "multipart" ? ", a blob reference, { blob, filename? } or { base64, filename?, contentType? }" : "";
  return new FatalNodeError(
    `The field "${name.slice(0, 100)}" of a body of kind "${kind}" must be a text, number, boolean${files}, or a list of these.`,
    { code: "invalid_input" },
  );
}

function requireRoom(bytes: number): void {
  if (bytes <= MAX_REQUEST_BYTES) return;
  throw new FatalNodeError(`The body to be sent is larger than ${MAX_REQUEST_BYTES} bytes.`, {
    code: "content_too_large",
  });
}
