import type { ExecutionRecord, NodeType } from "@automatrix/core";
import type { OpenedEngine } from "../open-engine.js";
import { createProgress } from "../progress/create-progress.js";
import type { Streams } from "../streams.js";
import { parseDecision, parseSignal } from "../waiting/answers.js";
import { followExecution } from "./follow-execution.js";
import { requireNodeTypes } from "./missing-node-types.js";
import { type PrintOptions, printOutcome } from "./print-outcome.js";
import { takeOver } from "./take-over.js";

/** Options of the commands that go on with an execution. */
export interface ContinueOptions extends PrintOptions {
  readonly storage: string;
  readonly concurrency?: number;
  readonly nodes: readonly string[];
  readonly decide?: readonly string[];
  readonly signal?: readonly string[];
  readonly wait?: boolean;
}

interface ContinueParams {
  readonly opened: OpenedEngine;
  readonly record: ExecutionRecord;
  readonly nodes: readonly NodeType[];
  readonly options: ContinueOptions;
  readonly streams: Streams;
}

/**
 * Continues an unfinished execution here until it ends or waits for somebody; Ctrl-C hands it back.
 * @returns the exit code
 */
export async function continueExecution({ opened, record, nodes, options, streams }: ContinueParams): Promise<number> {
  const { storage } = opened;
  const decisions = (options.decide ?? []).map(parseDecision);
  const signals = (options.signal ?? []).map(parseSignal);
  requireNodeTypes(record, nodes);
  const definition = await storage.getDefinition(record.definitionHash);
  const progress = createProgress(definition ?? { nodes: [] }, { streams, quiet: options.quiet === true });
  const whereabouts = { storageUrl: options.storage, nodeFiles: options.nodes };
  const followed = await followExecution({
    opened,
    begin: () => takeOver(opened, record.id, progress),
    onInterrupt: "hand_back",
    staysWhileWaiting: options.wait === true,
    decisions,
    signals,
    progress,
    streams,
    whereabouts,
  });
  return await printOutcome(followed, { storage, whereabouts, options, streams });
}
