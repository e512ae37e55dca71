import { ConfigurationError } from "../errors/errors.js";
import type { NodeType } from "./node-type.js";

/** Node types by name, alias and version. Built once, then only read. */
export class NodeRegistry {
  readonly #versions = new Map<string, Map<number, NodeType>>();
  readonly #newest = new Map<string, NodeType>();

  /** @throws ConfigurationError `duplicate_node_type` when a name and version is taken by another node type */
  constructor(nodes: Iterable<NodeType>) {
    for (const node of nodes) {
      for (const name of [node.type, ...(node.aliases ?? [])]) this.#add(name, node);
    }
  }

  #add(name: string, node: NodeType): void {
    const versions = this.#versions.get(name) ?? new Map<number, NodeType>();
    const known = versions.get(node.version);
    if (known === node) return;
    if (known !== undefined) {
      throw new ConfigurationError(
        "duplicate_node_type",
        `Node type "${name}" version ${node.version} is registered twice; rename one or raise its version.`,
      );
    }
    versions.set(node.version, node);
    this.#versions.set(name, versions);
    const newest = this.#newest.get(name);
    if (newest === undefined || newest.version < node.version) this.#newest.set(name, node);
  }

  /** The node type of this name or alias; the newest version when none is named. */
  get(type: string, version?: number): NodeType | undefined {
    return version === undefined ? this.#newest.get(type) : this.#versions.get(type)?.get(version);
  }

  has(type: string): boolean {
    return this.#newest.has(type);
  }

  /** Every node type once, by name then version. */
  list(): readonly NodeType[] {
    const all = new Set<NodeType>();
    for (const versions of this.#versions.values()) for (const node of versions.values()) all.add(node);
    return [...all].sort((a, b) => (a.type === b.type ? a.version - b.version : a.type < b.type ? -1 : 1));
  }
}
