import { type BlobReference, type BlobStore, FatalNodeError } from "@automatrix/core";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { reasonOf } from "./mcp-errors.js";

/** More pieces of content than this in one answer are not taken. */
const MAX_CONTENT_PARTS = 1_000;
/** Images, sounds and binary resources of one answer. */
const MAX_ATTACHMENTS = 100;
const MAX_ATTACHMENT_BYTES = 16 * 1024 * 1024;

/** Something in a tool's answer that is no text. */
export type McpAttachment =
  | {
      readonly type: "image" | "audio" | "resource";
      readonly mimeType: string;
      readonly uri?: string;
      readonly blob: BlobReference;
    }
  | { readonly type: "link"; readonly uri: string; readonly name: string; readonly mimeType?: string };

/** Output of `mcp_tool`. */
export interface McpToolOutput {
  /** The texts of the answer, one below the other. */
  readonly content: string;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly attachments: readonly McpAttachment[];
}

/**
 * A tool's answer as plain JSON: binary parts go to the blob store.
 * @throws FatalNodeError `mcp_tool_failed` with the tool's own message when the tool says that it failed, or when the
 *   answer has too many or too large parts
 */
export async function toToolOutput(tool: string, result: CallToolResult, blobs: BlobStore): Promise<McpToolOutput> {
  const { content, structuredContent } = result;
  if (content.length > MAX_CONTENT_PARTS) throw failed(tool, `it answered with more than ${MAX_CONTENT_PARTS} parts`);
  const texts = content.flatMap(textOf);
  if (result.isError === true) throw failed(tool, reasonOf(texts.join("\n") || "it gave no reason"));
  const others = content.filter((part) => textOf(part).length === 0);
  if (others.length > MAX_ATTACHMENTS) throw failed(tool, `it answered with more than ${MAX_ATTACHMENTS} attachments`);
  const attachments: McpAttachment[] = [];
  for (const part of others) attachments.push(await toAttachment(tool, part, blobs));
  return { content: texts.join("\n"), ...(structuredContent !== undefined && { structuredContent }), attachments };
}

type Part = CallToolResult["content"][number];

function textOf(part: Part): readonly string[] {
  if (part.type === "text") return [part.text];
  return part.type === "resource" && "text" in part.resource ? [part.resource.text] : [];
}

async function toAttachment(tool: string, part: Part, blobs: BlobStore): Promise<McpAttachment> {
  if (part.type === "resource_link") {
    const { uri, name, mimeType } = part;
    return { type: "link", uri, name, ...(mimeType !== undefined && { mimeType }) };
  }
  if (part.type === "resource") {
    const { uri, mimeType = "application/octet-stream" } = part.resource;
    return { type: "resource", mimeType, uri, blob: await store(tool, blobOf(part), { mimeType, blobs }) };
  }
  if (part.type === "text") throw failed(tool, "it answered with a part that is no attachment");
  const { type, mimeType, data } = part;
  return { type, mimeType, blob: await store(tool, data, { mimeType, blobs }) };
}

function blobOf(part: Extract<Part, { type: "resource" }>): string {
  return "blob" in part.resource ? part.resource.blob : "";
}

function store(
  tool: string,
  base64: string,
  { mimeType, blobs }: { readonly mimeType: string; readonly blobs: BlobStore },
): Promise<BlobReference> {
  if (Buffer.byteLength(base64, "base64") > MAX_ATTACHMENT_BYTES)
    throw failed(tool, `it answered with an attachment of more than ${MAX_ATTACHMENT_BYTES} bytes`);
  return blobs.put(Buffer.from(base64, "base64"), { contentType: mimeType });
}

function failed(tool: string, why: string): FatalNodeError {
  return new FatalNodeError(`The MCP tool "${tool}" failed: ${why}`, { code: "mcp_tool_failed" });
}
