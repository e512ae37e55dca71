import type { EngineOptions } from "../../coordination/engine-options.js";
import type { NodeType } from "../../definition/node-type.js";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import type { Engine } from "../../engine.js";
import type { WaitRecord } from "../../ports/execution-record.js";
import type { CrashLogEntry, CrashProbe } from "./crash-log.js";

/** What the world outside sees and may use while an execution runs. */
export interface CrashOutside {
  readonly engine: Engine;
  readonly executionId: string;
  /** What happened so far in this execution. */
  readonly entries: readonly CrashLogEntry[];
  /** Waits that are durable. */
  waits(): Promise<readonly WaitRecord[]>;
}

/** A workflow that has to come to the same end whatever happens to its workers. */
export interface CrashWorkflow {
  /** Such as "a chain of nodes with effects". */
  readonly name: string;
  readonly definition: WorkflowDefinition;
  readonly input?: unknown;
  /** Called once for each worker. Nodes with effects report every call to the probe. */
  readonly nodes: (probe: CrashProbe) => Iterable<NodeType>;
  /** How it ends without faults. Default `completed`. */
  readonly ends?: "completed" | "failed" | "cancelled";
  /**
   * What the world outside does (signals, decisions, a cancel). Called again and again whenever things are quiet until
   * the execution has ended, so it has to find out what is left to do; what fails since the worker dies is tried again
   * on the next.
   */
  readonly act?: (outside: CrashOutside) => Promise<void>;
  readonly engineOptions?: Pick<EngineOptions, "durability" | "concurrency" | "flushIntervalMs">;
  /** True where a fault may change what becomes of single nodes, though not how the execution ends. */
  readonly nodesMayDiffer?: boolean;
}
