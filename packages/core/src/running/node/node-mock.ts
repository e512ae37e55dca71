import { AutomatrixError } from "../../errors/errors.js";
import type { NodeMock } from "../../ports/execution-record.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";

/** What stands in for the node: named by its path, by its path without the turns, or by its id. */
export function findMock(attempt: NodeAttempt): NodeMock | undefined {
  const { mocks } = attempt.scope.runner.record;
  if (mocks === null) return undefined;
  const { path } = attempt;
  for (const key of [path, path.replace(/\[[^\]]*\]/g, ""), attempt.node.id])
    if (Object.hasOwn(mocks, key)) return mocks[key];
  return undefined;
}

/** Settles the attempt as its mock says. */
export function answerWithMock(attempt: NodeAttempt, mock: NodeMock): void {
  const { nodes } = attempt.scope.runner;
  if ("error" in mock && mock.error !== undefined) return nodes.fail(attempt, toMockError(mock.error));
  const { output = null, port } = mock as { output?: unknown; port?: string };
  if (port !== undefined) attempt.emitted = new Map([[port, output]]);
  nodes.succeed(attempt, output, undefined);
}

function toMockError(error: unknown): unknown {
  if (typeof error === "string") return new AutomatrixError("node_failed", error);
  if (error instanceof Error || typeof error !== "object" || error === null) return error;
  const { code = "node_failed", message = "mocked failure" } = error as { code?: string; message?: string };
  return new AutomatrixError(code, message);
}
