import { constants } from "node:fs";
import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import { CONTENT_FORMATS, type ContentFormat, fromBytes, joinChunks, readChunks } from "../files/file-content.js";
import { contentTooLarge } from "../files/file-errors.js";
import type { FilePlace, FileRoot } from "../files/file-root.js";

const DEFAULT_CONTENT_TYPE = "application/octet-stream";

interface ReadRequest {
  readonly path: string;
  readonly format: ContentFormat;
  readonly contentType: string;
}

/** Reads a file below the operator's folder. */
export function createFileRead(root: FileRoot): NodeType {
  return defineNode({
    type: "file_read",
    label: "Read a file",
    description: "Reads a file of the operator's folder as text, JSON, base64 or a blob.",
    category: "io",
    effects: "idempotent",
    permissions: ["fs"],
    parameters: () =>
      z.object({
        path: z.string().min(1).describe("Path below the folder for files, with / between folders."),
        format: z
          .enum(CONTENT_FORMATS)
          .default("text")
          .describe("How the content stands in the output; large and binary files as blob."),
        contentType: z.string().max(255).default(DEFAULT_CONTENT_TYPE).describe("Content type of the blob."),
      }),
    output: () => z.object({ path: z.string(), content: z.unknown(), bytes: z.number(), modifiedAt: z.string() }),
    example: { parameters: { path: "reports/{{input.day}}.json", format: "json" }, input: { day: "2025-01-31" } },
    execute: (ctx) =>
      root.visit(ctx, { path: ctx.parameters.path, makeFolders: false }, (place) =>
        readFile(ctx, { root, place, request: ctx.parameters }),
      ),
  });
}

async function readFile(
  ctx: NodeContext<unknown>,
  { root, place, request }: { readonly root: FileRoot; readonly place: FilePlace; readonly request: ReadRequest },
) {
  const { path, format, contentType } = request;
  const file = await place.folder.openFile(place.name, constants.O_RDONLY);
  try {
    const { size, mtime } = await file.stat();
    const isInline = format !== "blob";
    const maxBytes = isInline ? root.maxInlineBytes : root.maxBytes;
    const remedy = isInline ? 'read it with format "blob"' : "the operator can allow more";
    if (size > maxBytes) throw contentTooLarge(path, maxBytes, remedy);
    const chunks = readChunks(file, { path, signal: ctx.signal, maxBytes });
    const about = { path, modifiedAt: mtime.toISOString() };
    if (!isInline) {
      const content = await ctx.blobs.put(chunks, { contentType });
      return { ...about, content, bytes: content.bytes };
    }
    const bytes = await joinChunks(chunks);
    return { ...about, content: fromBytes(path, bytes, format), bytes: bytes.byteLength };
  } finally {
    await file.close();
  }
}
