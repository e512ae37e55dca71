import type { NodeRecord } from "../../ports/execution-record.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";

export interface UnenteredParams {
  /** Path of the node whose bodies are not entered again; all bodies when left out. */
  readonly of?: string;
  /** Why, for the children that their nodes waited for. */
  readonly reason: string;
}

/** Cancels the nodes that an earlier worker left open in bodies that are not entered again. */
export function cancelUnentered(runner: ExecutionRunner, { of, reason }: UnenteredParams): void {
  for (const seed of runner.seeds.values()) {
    const isInside = of === undefined ? seed.path.includes("/") : seed.path.startsWith(`${of}[`);
    const isLeft = of === undefined && seed.status === "waiting";
    if (seed.endedAt === null && (isInside || isLeft)) cancelSeed(runner, seed, reason);
  }
}

function cancelSeed({ services, seeds, parking, writer }: ExecutionRunner, seed: NodeRecord, reason: string): void {
  const { path, attempts, startedAt } = seed;
  const endedAt = services.clock.now();
  const record = { path, status: "cancelled", attempts, startedAt, endedAt } satisfies NodeRecord;
  const childId = parking.takeExpected(path)?.childId;
  seeds.set(path, record);
  writer.pending.nodes.push(record);
  writer.pending.endWait(path);
  writer.emitNode("node.cancelled", endedAt, path, Math.max(1, attempts), {});
  if (childId != null)
    void services
      .childOf(childId)
      .cancel(reason)
      .catch(() => {});
}
