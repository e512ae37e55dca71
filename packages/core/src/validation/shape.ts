import { parseJoin } from "../definition/join.js";
import { isValidNodeId, MAX_NODE_ID_LENGTH } from "../definition/node-id.js";
import type { NodeType } from "../definition/node-type.js";
import { childPointer } from "./json-pointer.js";
import { checkEffects, checkPolicies, isWholeNumber } from "./node-policies.js";
import { isMissing } from "./node-types.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";
import { quote } from "./quote.js";
import type { CheckedNode, Scope } from "./scope.js";
import { checkSettings } from "./settings.js";
import type { ValidationContext } from "./validation-context.js";

const TEXT_FIELDS = ["id", "name"];

/** Checks the definition itself and each of its nodes apart from the others; fills in the scope's nodes. */
export function checkShape(scope: Scope, context: ValidationContext): void {
  const { definition, pointer, nodes } = scope;
  const { issues } = context;
  const nodeId = containerPath(scope);
  for (const field of TEXT_FIELDS) {
    if (definition[field] !== undefined && typeof definition[field] !== "string") {
      issues.error("invalid_definition", `${field} must be text.`, { path: childPointer(pointer, field), nodeId });
    }
  }
  checkSettings(definition.settings, { pointer: childPointer(pointer, "settings"), nodeId, issues });
  const path = childPointer(pointer, "nodes");
  if (!Array.isArray(definition.nodes)) {
    issues.error("invalid_definition", "nodes must be a list of nodes, each with an id and a type.", { path, nodeId });
    return;
  }
  if (definition.nodes.length === 0)
    issues.warning("empty_definition", "The definition has no nodes; its output is its input.", { path, nodeId });
  definition.nodes.forEach((node: unknown, index) => {
    if (isPlainObject(node)) {
      nodes[index] = checkNode(node, { index, pointer: childPointer(path, index), scope, context });
      return;
    }
    nodes[index] = undefined;
    issues.error("invalid_definition", "A node must be an object with an id and a type.", {
      path: childPointer(path, index),
      nodeId,
    });
  });
}

/** Scope path of the container around a body; undefined for the outermost definition. */
export function containerPath(scope: Scope): string | undefined {
  return scope.outer === undefined ? undefined : scope.prefix.slice(0, -1);
}

interface NodePlace {
  readonly index: number;
  readonly pointer: string;
  readonly scope: Scope;
  readonly context: ValidationContext;
}

function checkNode(node: PlainObject, place: NodePlace): CheckedNode {
  const { index, pointer, scope, context } = place;
  const { issues } = context;
  const id = typeof node.id === "string" ? node.id : undefined;
  const nodeId = id === undefined || id.length > MAX_NODE_ID_LENGTH ? undefined : `${scope.prefix}${id}`;
  checkId(node.id, { ...place, nodeId });
  const type = checkType(node, { ...place, nodeId });
  if (node.data !== undefined && !isPlainObject(node.data)) {
    issues.error("invalid_definition", "data must be an object with the node's label and parameters.", {
      path: childPointer(pointer, "data"),
      nodeId,
    });
  }
  if (node.disabled !== undefined && typeof node.disabled !== "boolean") {
    issues.error("invalid_definition", "disabled must be true or false.", {
      path: childPointer(pointer, "disabled"),
      nodeId,
    });
  }
  const written = isPlainObject(node.data) ? node.data : {};
  const data = type?.rewrite?.(written) ?? written;
  checkPolicies(node, { pointer, nodeId, issues });
  checkEffects(node, { type, data, place: { pointer, nodeId, issues } });
  return {
    index,
    definition: node,
    id,
    path: nodeId,
    pointer,
    data,
    type,
    join: parseJoin(node.join),
    ports: type === undefined ? undefined : portsOf(type, data),
  };
}

function checkId(
  id: unknown,
  { index, pointer, scope, context, nodeId }: NodePlace & { readonly nodeId: string | undefined },
): void {
  const path = childPointer(pointer, "id");
  const { issues } = context;
  if (!isValidNodeId(id)) {
    const what = typeof id === "string" ? `The node id ${quote(id)} is not possible` : "The node has no id";
    const rule = `an id is text of 1–${MAX_NODE_ID_LENGTH} characters without "/", "[", "]" or control characters, and is none of __proto__, constructor, prototype.`;
    issues.error("invalid_node_id", `${what}: ${rule}`, { path, nodeId });
  }
  if (typeof id !== "string") return;
  const first = scope.nodeById.get(id);
  if (first === undefined) scope.nodeById.set(id, index);
  else
    issues.error("duplicate_node_id", `The node id ${quote(id)} is used twice, first at nodes[${first}]; rename one.`, {
      path,
      nodeId,
      details: { firstIndex: first },
    });
}

function checkType(
  node: PlainObject,
  { pointer, context, nodeId }: NodePlace & { readonly nodeId: string | undefined },
): NodeType | undefined {
  const { issues, types } = context;
  if (typeof node.type !== "string" || node.type === "") {
    issues.error("invalid_definition", "The node has no type; name a type of the node catalogue.", {
      path: childPointer(pointer, "type"),
      nodeId,
    });
    return undefined;
  }
  const { version } = node;
  if (version !== undefined && !isWholeNumber(version, 1)) {
    issues.error("invalid_definition", "version must be a whole number, at least 1; leave it out for the newest.", {
      path: childPointer(pointer, "version"),
      nodeId,
    });
  }
  const found = types.find(node.type, isWholeNumber(version, 1) ? version : undefined);
  if (!isMissing(found)) return found;
  const { code, message, suggestion } = found;
  const path = childPointer(pointer, code === "unknown_node_version" ? "version" : "type");
  issues.error(code, message, { path, nodeId, ...(suggestion === undefined ? {} : { details: { suggestion } }) });
  return undefined;
}

/** Ports besides `error`; undefined when the type's function cannot tell from these parameters. */
function portsOf(type: NodeType, data: PlainObject): ReadonlySet<string> | undefined {
  if (typeof type.ports !== "function") return new Set(type.ports ?? []);
  try {
    const ports: unknown = type.ports(data);
    return Array.isArray(ports) ? new Set(ports.filter((port) => typeof port === "string")) : undefined;
  } catch {
    return undefined;
  }
}
