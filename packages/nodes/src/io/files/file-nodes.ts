import type { NodeType } from "@automatrix/core";
import { createFileRead } from "../file-read/file-read.js";
import { createFileWrite } from "../file-write/file-write.js";
import { type FileNodesOptions, FileRoot } from "./file-root.js";

/**
 * The nodes for files, confined to one folder.
 *
 * ```ts
 * createFileNodes({ root: "/srv/workflow-files", folderPerTenant: true });
 * ```
 */
export function createFileNodes(options: FileNodesOptions = {}): readonly NodeType[] {
  const root = new FileRoot(options);
  return Object.freeze([createFileRead(root), createFileWrite(root)]);
}
