import { FatalNodeError, type NodeContext } from "@automatrix/core";
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { type ContentFormat, fromBytes, joinChunks, toBytes } from "../files/file-content.js";
import { contentTooLarge } from "../files/file-errors.js";
import { presignUrl } from "./presign-url.js";
import { isNotFound, withS3Client } from "./s3-client.js";
import { type S3Place, toObjectKey } from "./s3-connection.js";

const DEFAULT_CONTENT_TYPE = "application/octet-stream";
const CONTENT_TYPES: Readonly<Record<ContentFormat, string>> = {
  text: "text/plain; charset=utf-8",
  json: "application/json",
  base64: DEFAULT_CONTENT_TYPE,
  blob: DEFAULT_CONTENT_TYPE,
};

export interface S3Request {
  readonly key?: string | undefined;
  readonly content?: unknown;
  readonly format?: ContentFormat | undefined;
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly prefix?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly method: "GET" | "PUT";
  readonly expiresInSeconds: number;
}

export interface S3Call {
  readonly ctx: NodeContext<unknown>;
  readonly place: S3Place;
  readonly request: S3Request;
  readonly maxBytes: number;
  readonly maxInlineBytes: number;
}

export type S3Operation = (call: S3Call) => Promise<Readonly<Record<string, unknown>>>;

export const S3_OPERATIONS = {
  async get({ ctx, place, request, maxBytes, maxInlineBytes }) {
    const { key = "", format = "text" } = request;
    const limit = format === "blob" ? maxBytes : Math.min(maxBytes, maxInlineBytes);
    const input = { Bucket: place.bucket, Key: keyOf(place, request) };
    return withS3Client(ctx, place.connection, async (client, { GetObjectCommand }) => {
      const found = await client.send(new GetObjectCommand(input));
      const chunks = limitChunks(found.Body as AsyncIterable<Uint8Array>, { ctx, key, maxBytes: limit, found });
      const about = { key, exists: true, ...describe(found) };
      if (format !== "blob") {
        const bytes = await joinChunks(chunks);
        return { ...about, bytes: bytes.byteLength, content: fromBytes(key, bytes, format) };
      }
      const content = await ctx.blobs.put(chunks, { contentType: found.ContentType ?? DEFAULT_CONTENT_TYPE });
      return { ...about, bytes: content.bytes, content };
    });
  },

  async put({ ctx, place, request, maxBytes }) {
    const { key = "", content, format, metadata } = request;
    const Key = keyOf(place, request);
    const Body = await toBytes(ctx, content, { format, maxBytes, path: key });
    const ContentType = request.contentType ?? contentTypeOf(content, format);
    return withS3Client(ctx, place.connection, async (client, { PutObjectCommand }) => {
      const input = {
        Bucket: place.bucket,
        Key,
        Body,
        ContentType,
        ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
      };
      const { ETag } = await client.send(new PutObjectCommand(input));
      return { key, bytes: Body.byteLength, etag: ETag ?? null };
    });
  },

  async delete({ ctx, place, request }) {
    const input = { Bucket: place.bucket, Key: keyOf(place, request) };
    return withS3Client(ctx, place.connection, async (client, { DeleteObjectCommand }) => {
      await client.send(new DeleteObjectCommand(input));
      return { key: request.key, deleted: true };
    });
  },

  async head({ ctx, place, request }) {
    const { key } = request;
    const input = { Bucket: place.bucket, Key: keyOf(place, request) };
    return withS3Client(ctx, place.connection, async (client, { HeadObjectCommand }) => {
      try {
        const found = await client.send(new HeadObjectCommand(input));
        return { key, exists: true, bytes: found.ContentLength ?? 0, ...describe(found) };
      } catch (error) {
        if (isNotFound(error)) return { key, exists: false };
        throw error;
      }
    });
  },

  async list({ ctx, place, request }) {
    const { prefix = "", limit, cursor } = request;
    const input = {
      Bucket: place.bucket,
      Prefix: toObjectKey(place.prefix, prefix),
      MaxKeys: limit,
      ...(cursor === undefined ? {} : { ContinuationToken: cursor }),
    };
    return withS3Client(ctx, place.connection, async (client, { ListObjectsV2Command }) => {
      const found = await client.send(new ListObjectsV2Command(input));
      const objects = (found.Contents ?? []).map(({ Key = "", Size = 0, ETag, LastModified }) => ({
        key: Key.slice(place.prefix.length),
        bytes: Size,
        etag: ETag ?? null,
        modifiedAt: LastModified?.toISOString() ?? null,
      }));
      return { objects, truncated: found.IsTruncated === true, cursor: found.NextContinuationToken ?? null };
    });
  },

  async presign({ ctx, place, request }) {
    if (!place.isOperators)
      throw new FatalNodeError(
        'An address that expires holds the access key, and what a credential holds is masked in outputs: let the operator set the connection up (option "connections" of the s3 nodes).',
        { code: "not_configured" },
      );
    const { method, expiresInSeconds } = request;
    const now = ctx.clock.now();
    const url = presignUrl({ place, key: keyOf(place, request), method, expiresInSeconds, now });
    return { key: request.key, url, method, expiresAt: new Date(now + expiresInSeconds * 1_000).toISOString() };
  },
} as const satisfies Readonly<Record<string, S3Operation>>;

function keyOf({ prefix }: S3Place, { key }: S3Request): string {
  if (key === undefined) throw new FatalNodeError("This operation needs a key.", { code: "invalid_parameters" });
  return toObjectKey(prefix, key);
}

interface LimitParams {
  readonly ctx: NodeContext<unknown>;
  readonly key: string;
  readonly maxBytes: number;
  readonly found: GetObjectCommandOutput;
}

async function* limitChunks(
  chunks: AsyncIterable<Uint8Array>,
  { ctx, key, maxBytes, found }: LimitParams,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = found.ContentLength ?? 0;
  if (bytes <= maxBytes) {
    bytes = 0;
    for await (const chunk of chunks) {
      ctx.signal.throwIfAborted();
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      yield chunk;
    }
  }
  // Whatever is still to come is not read.
  (chunks as { destroy?: () => void }).destroy?.();
  if (bytes > maxBytes)
    throw contentTooLarge(key, maxBytes, 'read it with format "blob", or let the operator allow more');
}

function describe(found: HeadObjectCommandOutput | GetObjectCommandOutput) {
  return {
    contentType: found.ContentType ?? null,
    etag: found.ETag ?? null,
    modifiedAt: found.LastModified?.toISOString() ?? null,
    metadata: found.Metadata ?? {},
  };
}

function contentTypeOf(content: unknown, format: ContentFormat | undefined): string {
  const { contentType } = (typeof content === "object" && content !== null ? content : {}) as { contentType?: unknown };
  const isBlob = format === "blob" || (format === undefined && typeof contentType === "string");
  if (isBlob && typeof contentType === "string") return contentType;
  return CONTENT_TYPES[format ?? (typeof content === "string" ? "text" : "json")];
}
