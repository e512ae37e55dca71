import { type BlobReference, defineNode, FatalNodeError, type NodeContext, z } from "@automatrix/core";
import { readContent, readSource } from "../content/content.js";
import { decodeText } from "../content/decode-text.js";
import { sourceParameter } from "../content/source-parameter.js";
import { decodeBytes } from "../crypto/byte-encoding.js";
import { ALGORITHMS, type Algorithm, CODECS } from "./codecs.js";

const OPERATIONS = ["compress", "decompress"] as const;
const MEBIBYTE = 1024 * 1024;
const DEFAULT_MAX_BYTES = 16 * MEBIBYTE;
const MAX_BYTES = 128 * MEBIBYTE;
const CONTENT_TYPES: Readonly<Record<Algorithm, string>> = {
  gzip: "application/gzip",
  deflate: "application/zlib",
  brotli: "application/x-brotli",
};

type Form = "text" | "base64" | "blob";

interface CompressParameters {
  readonly operation: (typeof OPERATIONS)[number];
  readonly algorithm: Algorithm;
  readonly source?: unknown;
  readonly sourceEncoding?: "text" | "base64" | undefined;
  readonly output?: Form | undefined;
  readonly maxBytes: number;
  readonly maxOutputBytes: number;
}

/** Compresses and decompresses text, base64 or blobs; what would grow without bound is stopped at its limit. */
export const compress = defineNode({
  type: "compress",
  label: "Compress",
  description: "Compresses or decompresses text, base64 or blobs with gzip, deflate or brotli.",
  category: "data",
  // A blob gets a new reference each time that it is written.
  effects: ({ output }) => (output === "blob" ? "idempotent" : "pure"),
  parameters: () =>
    z
      .object({
        operation: z.enum(OPERATIONS).default("compress").describe("compress or decompress."),
        algorithm: z.enum(ALGORITHMS).default("gzip").describe("gzip, deflate (with the zlib header) or brotli."),
        source: sourceParameter(),
        sourceEncoding: z
          .enum(["text", "base64"])
          .optional()
          .describe("How text in `source` stands for bytes. Default text to compress, base64 to decompress."),
        output: z
          .enum(["text", "base64", "blob"])
          .optional()
          .describe("Form of the output. Default base64 to compress, text (UTF-8) to decompress."),
        maxBytes: z
          .number()
          .int()
          .positive()
          .max(MAX_BYTES)
          .default(DEFAULT_MAX_BYTES)
          .describe("Largest source in bytes, default 16 MiB."),
        maxOutputBytes: z
          .number()
          .int()
          .positive()
          .max(MAX_BYTES)
          .default(DEFAULT_MAX_BYTES)
          .describe(
            "Most bytes that may come out of decompressing, default 16 MiB: the guard against archives that explode.",
          ),
      })
      .refine(({ operation, output }) => operation === "decompress" || output !== "text", {
        path: ["output"],
        message: "What is compressed is no text; give base64 or blob.",
      }),
  example: {
    parameters: { operation: "decompress" },
    input: "H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==",
    output: "hello",
  },
  async execute(ctx) {
    const given: CompressParameters = ctx.parameters;
    const content = await readBytes(given, ctx);
    return given.operation === "compress"
      ? compressContent(content, given, ctx)
      : decompressContent(content, given, ctx);
  },
});

async function readBytes(given: CompressParameters, ctx: NodeContext<unknown>): Promise<Uint8Array> {
  const source = readSource(given.source, ctx);
  const content = await readContent(source, { maxBytes: given.maxBytes }, ctx);
  const encoding = given.sourceEncoding ?? (given.operation === "compress" ? "text" : "base64");
  return typeof source === "string" && encoding === "base64" ? decodeBytes(source, "base64", "The source") : content;
}

async function compressContent(
  content: Uint8Array,
  { algorithm, output = "base64" }: CompressParameters,
  ctx: NodeContext<unknown>,
): Promise<string | BlobReference> {
  const compressed = await CODECS[algorithm].compress(content);
  if (output === "blob") return ctx.blobs.put(compressed, { contentType: CONTENT_TYPES[algorithm] });
  return compressed.toString("base64");
}

async function decompressContent(
  content: Uint8Array,
  { algorithm, output = "text", maxOutputBytes }: CompressParameters,
  ctx: NodeContext<unknown>,
): Promise<string | BlobReference> {
  const decompressed = await decompress(content, { algorithm, maxOutputBytes });
  if (output === "blob") return ctx.blobs.put(decompressed);
  return output === "base64" ? decompressed.toString("base64") : decodeText(decompressed);
}

async function decompress(
  content: Uint8Array,
  { algorithm, maxOutputBytes }: Pick<CompressParameters, "algorithm" | "maxOutputBytes">,
): Promise<Buffer> {
  try {
    return await CODECS[algorithm].decompress(content, maxOutputBytes);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new FatalNodeError(
        `The content decompresses to more than ${maxOutputBytes} bytes; raise \`maxOutputBytes\` if that is right.`,
        {
          code: "content_too_large",
          details: { maxOutputBytes },
        },
      );
    }
    throw new FatalNodeError(`The content is not ${algorithm}, or is damaged or cut off.`, { code: "parse_failed" });
  }
}
