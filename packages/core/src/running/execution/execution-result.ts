import type { ErrorRecord, NodeRecord } from "../../ports/execution-record.js";

/** What became of a node; see {@link NodeRecord}. */
export type NodeResult = Omit<
  NodeRecord,
  "path" | "port" | "variables" | "decidedBy" | "nextAttemptAt" | "attemptStartedAt"
>;

/** What became of an execution. */
export interface ExecutionResult {
  readonly id: string;
  readonly status: "completed" | "failed" | "cancelled";
  /** Null unless completed. */
  readonly output: unknown;
  readonly error?: ErrorRecord;
  readonly durationMs: number;
  /** By scope path. Nodes inside bodies are listed up to `limits.maxResultBodyNodes`. */
  readonly nodes: Readonly<Record<string, NodeResult>>;
}

export interface ExecutionResultParams {
  readonly id: string;
  readonly status: ExecutionResult["status"];
  readonly output: unknown;
  readonly error: ErrorRecord | null;
  readonly durationMs: number;
  /** Called at the first look at `nodes`: most callers never look. */
  readonly records: () => Iterable<NodeRecord>;
}

export function createExecutionResult({
  id,
  status,
  output,
  error,
  durationMs,
  records,
}: ExecutionResultParams): ExecutionResult {
  let nodes: Readonly<Record<string, NodeResult>> | undefined;
  return {
    id,
    status,
    output,
    ...(error === null ? {} : { error }),
    durationMs,
    get nodes() {
      nodes ??= toNodeResults(records());
      return nodes;
    },
  };
}

function toNodeResults(records: Iterable<NodeRecord>): Readonly<Record<string, NodeResult>> {
  const results: Record<string, NodeResult> = {};
  for (const record of records) {
    const {
      path,
      port: _port,
      variables: _variables,
      decidedBy: _decidedBy,
      nextAttemptAt: _next,
      attemptStartedAt: _started,
      ...result
    } = record;
    results[path] = result;
  }
  return Object.freeze(results);
}
