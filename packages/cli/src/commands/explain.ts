import { createEngine } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { EXIT_OK } from "../exit-code.js";
import { printable } from "../printable.js";
import { openReader } from "../storage/open-reader.js";
import { requireExecution } from "../storage/require-execution.js";
import type { Streams } from "../streams.js";
import { waitingLines } from "../waiting/wait-text.js";

export interface ExplainOptions {
  readonly storage: string;
  readonly json?: boolean;
}

/** `automatrix explain ID`: why an execution is not moving, and what would move it. */
export async function explainCommand(id: string, options: ExplainOptions, streams: Streams): Promise<number> {
  await using reader = await openReader(options.storage);
  const { storage } = reader;
  const record = await requireExecution(storage, { id, url: options.storage });
  // Never started: it only puts the sentence together.
  const engine = createEngine({ storage, nodes: [] });
  const explanation = await engine.explain(id);
  if (options.json === true) {
    const { status, blocked } = record;
    const waits = await storage.listWaits(id);
    streams.output.write(`${JSON.stringify({ id, status, explanation, blocked, waits })}\n`);
    return EXIT_OK;
  }
  streams.output.write(`${printable(withoutCalls(explanation))}\n`);
  const whereabouts = { storageUrl: options.storage, nodeFiles: [] };
  const isOpen = record.status === "waiting" || record.isParked;
  for (const line of isOpen ? await waitingLines(storage, record, whereabouts) : []) {
    streams.output.write(`  ${line}\n`);
  }
  if (record.status === "failed" || record.status === "cancelled")
    streams.output.write(`  try again: ${commandText(["retry", id], options.storage)}\n`);
  else if (record.endedAt === null && !isOpen && record.owner === null)
    streams.output.write(`  no process has it: ${commandText(["resume", id], options.storage)}\n`);
  return EXIT_OK;
}

/** The sentence names the call of the engine that would help; here the commands below it take its place. */
function withoutCalls(explanation: string): string {
  return explanation.replace(/[;.] [^;.]*\bengine\.[a-zA-Z]+(?:\("[^"]*"\))?/g, "");
}
