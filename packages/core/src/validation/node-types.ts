import type { NodeRegistry } from "../definition/node-registry.js";
import type { NodeType } from "../definition/node-type.js";
import { nearestName } from "./nearest-name.js";
import { quote } from "./quote.js";

/** Words of an older editor that say nothing about what to run. */
const LEGACY_TYPES: ReadonlyMap<string, string> = new Map([
  ["action", "http_request, email_send or database_query"],
  ["logic", "condition, switch or merge"],
  ["integration", "http_request, hubspot or salesforce"],
]);

/** Hints are looked for this often in one validation; a definition full of unknown types must not take long. */
const MAX_HINTS = 100;

/** Why a node type was not found, in words. */
export interface MissingType {
  readonly code: "unknown_node_type" | "unknown_node_version";
  readonly message: string;
  readonly suggestion?: string;
}

/** Looks up node types for validation and says what may have been meant when there is none. */
export class NodeTypeFinder {
  readonly #registry: NodeRegistry;
  readonly #missing = new Map<string, MissingType>();
  #names: readonly string[] | undefined;
  #hints = 0;

  constructor(registry: NodeRegistry) {
    this.#registry = registry;
  }

  find(type: string, version: number | undefined): NodeType | MissingType {
    return (
      this.#registry.get(type, version) ??
      (this.#registry.has(type) ? this.#missingVersion(type, version as number) : this.#missingType(type))
    );
  }

  #missingVersion(type: string, version: number): MissingType {
    const versions = this.#registry
      .list()
      .filter((node) => node.type === type || node.aliases?.includes(type))
      .map((node) => node.version);
    return {
      code: "unknown_node_version",
      message: `Node type ${quote(type)} has no version ${version}; registered: ${versions.join(", ")}.`,
    };
  }

  #missingType(type: string): MissingType {
    const known = this.#missing.get(type);
    if (known !== undefined) return known;
    const missing = this.#describe(type);
    if (this.#missing.size < MAX_HINTS) this.#missing.set(type, missing);
    return missing;
  }

  #describe(type: string): MissingType {
    const code = "unknown_node_type";
    const legacy = LEGACY_TYPES.get(type);
    if (legacy !== undefined) {
      return {
        code,
        message: `Node type ${quote(type)} is a word of an older editor and does not say what to run; choose a type of the node catalogue, such as ${legacy}.`,
      };
    }
    this.#hints += 1;
    const suggestion = this.#hints > MAX_HINTS ? undefined : nearestName(type, this.#allNames());
    if (suggestion === undefined)
      return {
        code,
        message: `Node type ${quote(type)} is not registered; register its plugin or choose a type of the node catalogue.`,
      };
    return {
      code,
      message: `Node type ${quote(type)} is not registered; did you mean ${quote(suggestion)}?`,
      suggestion,
    };
  }

  #allNames(): readonly string[] {
    this.#names ??= this.#registry.list().flatMap((node) => [node.type, ...(node.aliases ?? [])]);
    return this.#names;
  }
}

/** True for the answer that a type is missing. */
export function isMissing(found: NodeType | MissingType): found is MissingType {
  return "code" in found;
}
