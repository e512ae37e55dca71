import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { NodePack, NodeType } from "@automatrix/core";
import { usageError } from "./command-error.js";
import { printable } from "./printable.js";

/** The mark that `defineNode` leaves on a node type, whichever copy of core made it. */
const NODE_TYPE = Symbol.for("automatrix.nodeType");

/** Names packs that every command loads; in the folder in which the command runs. */
const CONFIG_FILE = "automatrix.json";

/** What modules bring. */
export interface LoadedNodes {
  readonly nodes: readonly NodeType[];
  /** The packs among what they export; their node types are in `nodes` too. */
  readonly packs: readonly NodePack[];
}

/**
 * Loads what the modules that `automatrix.json` names (`{ "nodes": ["./mine.mjs", "@acme/nodes"] }`) and those given bring:
 * every exported node type, list of node types and `NodePack`. They are code and run with the rights of this process.
 * @param files paths of modules, or names of installed packages
 * @throws ConfigurationError `invalid_configuration` when one cannot be loaded, or exports neither a node type nor a pack
 * with integrations
 */
export async function loadNodeFiles(files: readonly string[]): Promise<LoadedNodes> {
  const loaded = await Promise.all([...configuredPacks(), ...files].map(loadNodeFile));
  return {
    nodes: [...new Set(loaded.flatMap(({ nodes }) => nodes))],
    packs: [...new Set(loaded.flatMap(({ packs }) => packs))],
  };
}

function configuredPacks(): readonly string[] {
  if (!existsSync(CONFIG_FILE)) return [];
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(CONFIG_FILE, "utf8"));
  } catch (cause) {
    throw usageError(`${CONFIG_FILE} is no JSON: ${printable(String(cause))}`);
  }
  const { nodes = [] } = (config ?? {}) as { readonly nodes?: unknown };
  if (Array.isArray(nodes) && nodes.every((pack) => typeof pack === "string")) return nodes;
  throw usageError(`"nodes" in ${CONFIG_FILE} must be a list of modules and packages.`);
}

async function loadNodeFile(file: string): Promise<LoadedNodes> {
  const exported = Object.values(await importModule(file));
  const nodes = exported.flatMap(nodeTypesOf);
  const packs = exported.filter(isPack);
  if (nodes.length > 0 || packs.some(({ integrations = [] }) => integrations.length > 0)) return { nodes, packs };
  throw usageError(
    `${printable(file)} exports no node type; export what defineNode returns, a list of them, or a NodePack.`,
  );
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(toModuleFile(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw usageError(`${printable(file)} could not be loaded: ${printable(loadingFault(cause))}`);
  }
}

/** A file, or the package of that name as the folder in which the command runs finds it. */
function toModuleFile(module: string): string {
  const file = resolve(module);
  const isPath = /^(?:[./\\]|[A-Za-z]:)/.test(module) || /\.[cm]?[jt]s$/.test(module) || existsSync(file);
  return isPath ? file : createRequire(resolve(CONFIG_FILE)).resolve(module);
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

function isPack(value: unknown): value is NodePack {
  if (typeof value !== "object" || value === null) return false;
  const { name, nodes } = value as Partial<NodePack>;
  return typeof name === "string" && Array.isArray(nodes);
}

function isNodeType(value: unknown): value is NodeType {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[NODE_TYPE] === true;
}
