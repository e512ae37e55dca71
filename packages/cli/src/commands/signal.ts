import { commandText } from "../command-text.js";
import { type ContinueOptions, continueExecution } from "../execution/continue-execution.js";
import { EXIT_OK } from "../exit-code.js";
import { parseInputArgument } from "../input-argument.js";
import { availableNodes, type OpenedEngine, openEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import { requireExecution } from "../storage/require-execution.js";
import { createExistingStorage } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";

export interface SignalOptions extends ContinueOptions {
  readonly data?: string;
  readonly key?: string;
  readonly follow?: boolean;
}

interface SignalParams {
  readonly id: string;
  readonly name: string;
  readonly options: SignalOptions;
  readonly streams: Streams;
}

/** `automatrix signal ID NAME`: sends a signal; with `--follow` it then goes on with the execution here. */
export async function signalCommand(params: SignalParams): Promise<number> {
  const { id, name, options, streams } = params;
  const payload = options.data === undefined ? null : parseInputArgument(options.data, "--data");
  const nodes = await availableNodes(options.nodes);
  const storage = await createExistingStorage(options.storage);
  await using opened = await openEngine({
    storage,
    nodes,
    concurrency: options.concurrency,
    errors: streams.errors,
  });
  const record = await requireExecution(storage, { id, url: options.storage });
  const { duplicate } = await opened.engine.signal(
    id,
    name,
    payload,
    options.key === undefined ? {} : { key: options.key },
  );
  if (options.follow !== true) return await printSent(opened, params, duplicate);
  if (options.quiet !== true) streams.errors.write(`${sentText(params, duplicate)}\n`);
  return await continueExecution({ opened, record, nodes, options, streams });
}

async function printSent({ storage }: OpenedEngine, params: SignalParams, duplicate: boolean): Promise<number> {
  const { id, name, options, streams } = params;
  const record = await requireExecution(storage, { id, url: options.storage });
  const isRunBySomebody = record.owner !== null || record.endedAt !== null;
  if (options.json === true) {
    const { status } = record;
    streams.output.write(`${JSON.stringify({ id, signal: name, duplicate, status, woken: isRunBySomebody })}\n`);
    return EXIT_OK;
  }
  streams.output.write(`${sentText(params, duplicate)}\n`);
  streams.output.write(
    isRunBySomebody
      ? "The process that runs it reads the signal.\n"
      : `No process runs it now; a worker picks it up, or continue it here: ${commandText(["resume", id], options.storage, options.nodes)}\n`,
  );
  return EXIT_OK;
}

function sentText({ id, name }: SignalParams, duplicate: boolean): string {
  return duplicate
    ? `Execution ${printable(id)} has had the signal "${printable(name)}" with this key; nothing is sent twice.`
    : `The signal "${printable(name)}" is sent to execution ${printable(id)}.`;
}
