import { DEFAULT_PORT, ERROR_PORT } from "../definition/node-type.js";
import { childPointer } from "./json-pointer.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";
import { listed, quote } from "./quote.js";
import type { CheckedEdge, CheckedNode, Scope } from "./scope.js";
import { containerPath } from "./shape.js";
import type { ValidationContext } from "./validation-context.js";

/** Checks every edge of a scope; fills in the edges whose two ends exist, except self edges. */
export function checkEdges(scope: Scope, context: ValidationContext): void {
  const { edges } = scope.definition;
  if (edges === undefined) return;
  const path = childPointer(scope.pointer, "edges");
  if (!Array.isArray(edges)) {
    context.issues.error("invalid_definition", "edges must be a list of edges, each with a source and a target.", {
      path,
      nodeId: containerPath(scope),
    });
    return;
  }
  const checker = new EdgeChecker(scope, context);
  edges.forEach((edge: unknown, index) => {
    const pointer = childPointer(path, index);
    if (isPlainObject(edge)) checker.check(edge, pointer);
    else
      context.issues.error("invalid_definition", "An edge must be an object with a source and a target.", {
        path: pointer,
        nodeId: containerPath(scope),
      });
  });
}

class EdgeChecker {
  readonly #scope: Scope;
  readonly #context: ValidationContext;
  readonly #seen = new Set<string>();

  constructor(scope: Scope, context: ValidationContext) {
    this.#scope = scope;
    this.#context = context;
  }

  check(edge: PlainObject, pointer: string): void {
    const source = this.#findEnd(edge, "source", pointer);
    const target = this.#findEnd(edge, "target", pointer);
    const port = this.#readHandle(edge, "sourceHandle", pointer);
    const handle = this.#readHandle(edge, "targetHandle", pointer);
    if (target !== undefined) this.#scope.incoming[target] = (this.#scope.incoming[target] ?? 0) + 1;
    if (source !== undefined) this.#checkPort(this.#scope.nodes[source] as CheckedNode, port, pointer);
    if (source === undefined || target === undefined) return;
    if (source === target) {
      const { id, path } = this.#scope.nodes[source] as CheckedNode;
      this.#context.issues.error(
        "self_edge",
        `The edge leads from ${quote(id as string)} to itself; remove it, or repeat with for_each or while_loop.`,
        { path: pointer, nodeId: path },
      );
      return;
    }
    const checked = { pointer, source, target, port };
    this.#checkDuplicate(checked, handle);
    this.#scope.edges.push(checked);
  }

  #findEnd(edge: PlainObject, end: "source" | "target", pointer: string): number | undefined {
    const id = edge[end];
    const { issues } = this.#context;
    const place = { path: childPointer(pointer, end), nodeId: containerPath(this.#scope) };
    if (typeof id !== "string") {
      issues.error("invalid_definition", `The edge has no ${end}; name a node by its id.`, place);
      return undefined;
    }
    const index = this.#scope.nodeById.get(id);
    if (index === undefined)
      issues.error(
        "unknown_node",
        `The edge's ${end} ${quote(id)} is not a node here; add the node or remove the edge.`,
        { ...place, details: { id } },
      );
    return index;
  }

  /** Null counts as left out: React Flow writes it. */
  #readHandle(edge: PlainObject, key: "sourceHandle" | "targetHandle", pointer: string): string | undefined {
    const handle = edge[key];
    if (handle === undefined || handle === null) return undefined;
    if (typeof handle === "string") return handle;
    this.#context.issues.error("invalid_definition", `${key} must be text; leave it out for the default.`, {
      path: childPointer(pointer, key),
      nodeId: containerPath(this.#scope),
    });
    return undefined;
  }

  #checkPort(source: CheckedNode, port: string | undefined, pointer: string): void {
    const { ports } = source;
    if (ports === undefined || port === ERROR_PORT) return;
    const { issues } = this.#context;
    const name = quote(source.id as string);
    if (port === undefined) {
      if (ports.has(DEFAULT_PORT)) return;
      const message = `${name} has no port "default", so this edge is live whichever port it emits; choose one of: ${listed([...ports], ", ")}.`;
      issues.warning("ambiguous_port", message, { path: pointer, nodeId: source.path });
    } else if (!ports.has(port)) {
      const known = listed([...ports, ERROR_PORT], ", ");
      issues.error("unknown_port", `${name} has no port ${quote(port)}; it has: ${known}.`, {
        path: childPointer(pointer, "sourceHandle"),
        nodeId: source.path,
      });
    }
  }

  #checkDuplicate(edge: CheckedEdge, handle: string | undefined): void {
    const port = edge.port ?? DEFAULT_PORT;
    // The length of the port keeps apart what the handles would blur.
    const key = `${edge.source} ${edge.target} ${port.length} ${port} ${handle === undefined ? "" : `=${handle}`}`;
    if (!this.#seen.has(key)) {
      this.#seen.add(key);
      return;
    }
    const source = this.#scope.nodes[edge.source] as CheckedNode;
    const target = this.#scope.nodes[edge.target] as CheckedNode;
    const message = `There is a second edge from ${quote(source.id as string)} to ${quote(target.id as string)} with the same handles; remove one.`;
    this.#context.issues.warning("duplicate_edge", message, { path: edge.pointer, nodeId: source.path });
  }
}
