import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { NodeType } from "@automatrix/core";
import { usageError } from "./command-error.js";
import { printable } from "./printable.js";

/** The mark that `defineNode` leaves on a node type, whichever copy of core made it. */
const NODE_TYPE = Symbol.for("automatrix.nodeType");

/**
 * Loads node types from local modules: every exported node type, list of node types and `NodePack`.
 * The modules are code and run with the rights of this process.
 * @throws ConfigurationError `invalid_configuration` when a module cannot be loaded or exports no node type
 */
export async function loadNodeFiles(files: readonly string[]): Promise<readonly NodeType[]> {
  const loaded = await Promise.all(files.map(loadNodeFile));
  return [...new Set(loaded.flat())];
}

async function loadNodeFile(file: string): Promise<readonly NodeType[]> {
  const exported = await importModule(file);
  const found = Object.values(exported).flatMap(nodeTypesOf);
  if (found.length > 0) return found;
  throw usageError(
    `${printable(file)} exports no node type; export what defineNode returns, a list of them, or a NodePack.`,
  );
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw usageError(`${printable(file)} could not be loaded: ${printable(loadingFault(cause))}`);
  }
}

function loadingFault(cause: unknown): string {
  if ((cause as { code?: unknown } | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION") {
    return "this Node.js runs no TypeScript by itself; compile it to .js, or start the command through tsx.";
  }
  return cause instanceof Error ? cause.message : String(cause);
}

function nodeTypesOf(value: unknown): readonly NodeType[] {
  if (isNodeType(value)) return [value];
  if (Array.isArray(value)) return value.filter(isNodeType);
  const nodes = (value as { nodes?: unknown } | null | undefined)?.nodes;
  return Array.isArray(nodes) ? nodes.filter(isNodeType) : [];
}

function isNodeType(value: unknown): value is NodeType {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[NODE_TYPE] === true;
}
