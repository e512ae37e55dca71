/** Codes of everything that validation can find. Stable: tools and tests rely on them. */
export type IssueCode =
  | "invalid_definition"
  | "forbidden_key"
  | "too_large"
  | "empty_definition"
  | "invalid_node_id"
  | "duplicate_node_id"
  | "unknown_node"
  | "unknown_node_type"
  | "unknown_node_version"
  | "unknown_port"
  | "ambiguous_port"
  | "self_edge"
  | "duplicate_edge"
  | "cycle"
  | "unreachable_node"
  | "invalid_parameters"
  | "invalid_join"
  | "join_unsatisfiable"
  | "invalid_retry"
  | "invalid_timeout"
  | "invalid_effects"
  | "expression_syntax"
  | "expression_unknown_reference"
  | "unbounded_loop"
  | "recursive_workflow";

/** One thing that is wrong (or suspicious) in a definition. */
export interface Issue {
  readonly code: IssueCode;
  /** Errors keep a definition from running; warnings do not. */
  readonly severity: "error" | "warning";
  /** JSON pointer (RFC 6901) into the definition. */
  readonly path: string;
  /** The node concerned, by its id (in a body: its scope path, such as `loop/fetch`). */
  readonly nodeId?: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
