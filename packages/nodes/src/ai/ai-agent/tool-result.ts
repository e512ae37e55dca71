import { isJsonObject } from "../../json/json-kind.js";
import type { ResolvedTool } from "./resolved-tool.js";

/** What a tool gave, as text for the model, cut where it is too long. */
export function toResultText(tool: ResolvedTool, output: unknown, maxCharacters: number): string {
  return cutResult(readable(tool, output), maxCharacters);
}

export function cutResult(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, maxCharacters)}\n[The result is longer: the first ${maxCharacters} of ${text.length} characters are shown.]`;
}

function readable({ target }: ResolvedTool, output: unknown): string {
  if (typeof output === "string") return output;
  if (isJsonObject(output)) {
    if (target.kind === "agent" && typeof output["ai_response"] === "string") return output["ai_response"];
    if (target.kind === "mcp") return mcpText(output);
  }
  return JSON.stringify(output) ?? "null";
}

/** Servers say in their text what they give as data too. */
function mcpText({ content, structuredContent, attachments }: Readonly<Record<string, unknown>>): string {
  const text = typeof content === "string" && content !== "" ? content : JSON.stringify(structuredContent ?? null);
  const hasOthers = Array.isArray(attachments) && attachments.length > 0;
  return hasOthers ? `${text}\n${JSON.stringify({ attachments })}` : text;
}
