/** A workflow as plain JSON, compatible with React Flow. Unknown extra keys are kept. */
export interface WorkflowDefinition {
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly nodes: readonly NodeDefinition[];
  readonly edges?: readonly EdgeDefinition[];
  readonly settings?: WorkflowSettings;
  readonly [extra: string]: unknown;
}

export interface NodeDefinition {
  /** 1–128 characters, none of `/ [ ]` or control characters. */
  readonly id: string;
  /** Node type or one of its aliases. */
  readonly type: string;
  /** Version of the node type; the newest registered when left out. */
  readonly version?: number;
  /** Label and parameters. */
  readonly data?: { readonly label?: string; readonly [parameter: string]: unknown };
  readonly join?: JoinDefinition;
  readonly retry?: RetryDefinition;
  /** Limit of one attempt, in milliseconds. */
  readonly attemptTimeoutMs?: number;
  /** Limit of the node with all its attempts and delays, in milliseconds. */
  readonly timeoutMs?: number;
  readonly onError?: OnErrorDefinition;
  /** May only be stricter than the node type's. */
  readonly effects?: Effects;
  readonly disabled?: boolean;
  readonly position?: { readonly x: number; readonly y: number };
  readonly [extra: string]: unknown;
}

export interface EdgeDefinition {
  readonly id?: string;
  readonly source: string;
  readonly target: string;
  /** Port of the source; `default` when left out. */
  readonly sourceHandle?: string | null;
  /** Name under which the output appears in the target's `inputs`; the source's id when left out. */
  readonly targetHandle?: string | null;
  readonly [extra: string]: unknown;
}

export type JoinMode = "auto" | "all" | "any" | "quorum" | "always";

export type JoinDefinition =
  | "auto"
  | "all"
  | "any"
  | "always"
  | `quorum:${number}`
  | { readonly mode: JoinMode; readonly count?: number; readonly cancelOthers?: boolean };

export interface RetryDefinition {
  readonly maxAttempts?: number;
  /** Exact delays between attempts; the last repeats. */
  readonly delaysMs?: readonly number[];
  readonly initialMs?: number;
  readonly factor?: number;
  readonly maxMs?: number;
  readonly jitter?: "none" | "full";
  readonly on?: "transient" | "any";
}

export type OnErrorDefinition =
  | "fail"
  | "continue"
  | { readonly action: "fail" }
  | { readonly action: "continue"; readonly output?: unknown };

/** What running a node does to the world; see the durability guide. */
export type Effects = "pure" | "idempotent" | "once" | "transactional";

export interface WorkflowSettings {
  readonly timeoutMs?: number;
  readonly maxConcurrency?: number;
  readonly onFailure?: "drain" | "abort";
  readonly concurrency?: {
    readonly limit: number;
    readonly key?: string;
    readonly onLimit?: "queue" | "reject" | "cancel_oldest";
  };
  readonly rateLimit?: { readonly count: number; readonly perMs: number; readonly key?: string };
  /** Integer, default 0, higher first. */
  readonly priority?: number;
  readonly cleanupTimeoutMs?: number;
  readonly [extra: string]: unknown;
}
