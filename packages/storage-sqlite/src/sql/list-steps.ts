import type { StepRecord } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import type { PayloadReader } from "../payloads/payload-reader.js";
import { fromStepsColumn } from "../rows/commit-row.js";
import { toText } from "../rows/text.js";

const SELECT_STEPS = `SELECT steps FROM automatrix_commits
  WHERE execution = (SELECT ordinal FROM automatrix_executions WHERE id = ?) AND steps IS NOT NULL
  ORDER BY last_seq, part`;

/** A step is written once: of two with one key the first counts. */
export function listSteps(
  connection: Connection,
  { executionId, reader }: { readonly executionId: string; readonly reader: PayloadReader },
): readonly StepRecord[] {
  const first = new Map<string, StepRecord>();
  for (const { steps } of connection.each<{ readonly steps: string }>(SELECT_STEPS, toText(executionId)))
    for (const step of fromStepsColumn(steps, reader)) {
      const id = JSON.stringify([step.nodePath, step.key]);
      if (!first.has(id)) first.set(id, step);
    }
  return [...first.values()];
}
