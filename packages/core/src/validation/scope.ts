import type { Join } from "../definition/join.js";
import type { NodeType } from "../definition/node-type.js";
import type { PlainObject } from "./plain-object.js";

/** A node of the snapshot, with what was found out about it. */
export interface CheckedNode {
  /** Position in `nodes`. */
  readonly index: number;
  readonly definition: PlainObject;
  /** Undefined when it is not text. */
  readonly id: string | undefined;
  /** Scope path, such as `loop/fetch`. */
  readonly path: string | undefined;
  readonly pointer: string;
  readonly data: PlainObject;
  readonly type: NodeType | undefined;
  readonly join: Join | undefined;
  /** Ports besides `error`; undefined when the type is unknown or cannot say. */
  readonly ports: ReadonlySet<string> | undefined;
}

/** An edge whose two ends exist. */
export interface CheckedEdge {
  readonly pointer: string;
  readonly source: number;
  readonly target: number;
  /** Undefined when left out. */
  readonly port: string | undefined;
}

/** One definition: the outermost, or a body. */
export interface Scope {
  readonly definition: PlainObject;
  readonly pointer: string;
  /** Scope path of the container and a slash; empty for the outermost definition. */
  readonly prefix: string;
  /** The container and its scope; undefined for the outermost definition. */
  readonly outer: { readonly scope: Scope; readonly container: number } | undefined;
  /** By position in `nodes`; undefined where there is no object. */
  readonly nodes: (CheckedNode | undefined)[];
  readonly nodeById: Map<string, number>;
  readonly edges: CheckedEdge[];
  /** Edges that name each node as target, known source or not. */
  readonly incoming: number[];
  /** Expressions that name a node of this scope. */
  readonly references: Reference[];
}

/** An expression that names a node, to be found upstream of `from`. */
export interface Reference {
  readonly from: number;
  readonly to: number;
  readonly pointer: string;
  /** Scope path of the node whose expression it is. */
  readonly nodePath: string | undefined;
}

/** An empty scope for a definition. */
export function createScope(definition: PlainObject, place: Pick<Scope, "pointer" | "prefix" | "outer">): Scope {
  return { definition, ...place, nodes: [], nodeById: new Map(), edges: [], incoming: [], references: [] };
}
