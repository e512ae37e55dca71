import type { ExecutionRecord, ExecutionResult, NodeRecord, NodeResult, Storage } from "@automatrix/core";

/** The result of an execution that has ended, from its rows. */
export async function storedResult(storage: Storage, record: ExecutionRecord): Promise<ExecutionResult> {
  return {
    id: record.id,
    status: record.status as ExecutionResult["status"],
    output: record.output,
    ...(record.error === null ? {} : { error: record.error }),
    durationMs: (record.endedAt ?? record.createdAt) - (record.startedAt ?? record.createdAt),
    nodes: toNodeResults(await storage.listNodes(record.id)),
  };
}

/** Where every node stands, by path, as results show it. */
export function toNodeResults(records: readonly NodeRecord[]): Readonly<Record<string, NodeResult>> {
  return Object.fromEntries(
    records.map(
      ({
        path,
        port: _port,
        variables: _variables,
        decidedBy: _decidedBy,
        nextAttemptAt: _nextAttemptAt,
        attemptStartedAt: _attemptStartedAt,
        ...result
      }) => [path, result],
    ),
  );
}
