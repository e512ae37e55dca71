import { defineNode, type NodeType, z } from "@automatrix/core";
import { Refusals } from "../databases/refusals.js";
import { CONTENT_FORMATS, toBytes } from "../files/file-content.js";
import type { FileRoot } from "../files/file-root.js";
import { appendFile } from "./append-file.js";
import { replaceFile } from "./replace-file.js";

const DEFAULT_PERMISSIONS = "0640";

/** Writes a file below the operator's folder. */
export function createFileWrite(root: FileRoot): NodeType {
  const refusals = new Refusals();
  return defineNode({
    type: "file_write",
    label: "Write a file",
    description:
      "Writes a file of the operator's folder from text, JSON, base64 or a blob. Whoever reads meanwhile sees the old file or the new one, never half of it.",
    category: "io",
    effects: ({ mode }) => (mode === "append" ? "once" : "idempotent"),
    permissions: ["fs"],
    parameters: () =>
      z.object({
        path: z.string().min(1).describe("Path below the folder for files, with / between folders."),
        content: z.unknown().describe("Text, a blob reference, or any value, which is written as JSON."),
        format: z
          .enum(CONTENT_FORMATS)
          .optional()
          .describe("How `content` is meant; without it text is text, a blob reference a blob, and the rest JSON."),
        mode: z
          .enum(["create", "overwrite", "append"])
          .default("overwrite")
          .describe("`create` fails when there is a file with other content; `append` adds to the end, and runs once."),
        makeFolders: z.boolean().default(true).describe("Whether folders that are not there are made."),
        permissions: z
          .string()
          .regex(/^0?[0-7]{3}$/)
          .default(DEFAULT_PERMISSIONS)
          .describe("Permissions of a new file, in octal digits."),
      }),
    output: () => z.object({ path: z.string(), bytes: z.number(), created: z.boolean() }),
    example: {
      parameters: { path: "leads/{{input.id}}.json", content: "{{input}}", mode: "create" },
      input: { id: "7", name: "Ada" },
    },
    execute: (ctx) =>
      refusals.watch(ctx, () => {
        const { path, content, format, mode, makeFolders, permissions } = ctx.parameters;
        return root.visit(ctx, { path, makeFolders }, async (place) => {
          const bytes = await toBytes(ctx, content, { format, maxBytes: root.maxBytes, path });
          const params = { place, path, bytes, mode: Number.parseInt(permissions, 8), signal: ctx.signal };
          const created =
            mode === "append"
              ? await appendFile({ ...params, maxBytes: root.maxBytes })
              : await replaceFile({ ...params, isNew: mode === "create" });
          return { path, bytes: bytes.byteLength, created };
        });
      }),
    verify: (ctx) => refusals.verify(ctx),
  });
}
