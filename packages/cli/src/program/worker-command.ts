import { type Command, InvalidArgumentError, Option } from "commander";
import { type WorkerOptions, workerCommand } from "../commands/worker.js";
import type { Streams } from "../streams.js";
import { examples, type Finish, nodesOption, positiveInteger, storageOption, wholeNumber } from "./command-options.js";

const DEFAULT_DRAIN_MS = 10_000;

/** `worker`: a process that runs the executions of others. */
export function addWorkerCommand(program: Command, streams: Streams, finish: Finish): void {
  program
    .command("worker")
    .description("claim executions from the storage and run them until told to stop")
    .addOption(storageOption())
    .option("--redis <url>", "hear of executions through Redis too; needs @automatrix/redis")
    .option("--concurrency <n>", "executions that run at once (default: 100)", positiveInteger)
    .addOption(
      new Option("--offers <tags>", 'tags of node types that run here, with commas; "" for none')
        .argParser(tagList)
        .default(undefined, "every tag"),
    )
    .addOption(nodesOption())
    .option("--drain-ms <ms>", "time for running nodes to end once told to stop", wholeNumber, DEFAULT_DRAIN_MS)
    .option("--quiet", "no line for each execution; warnings stay")
    .addHelpText(
      "after",
      `${examples(
        "worker --storage postgres://localhost/automatrix",
        "worker --storage postgres://localhost/automatrix --offers gpu --nodes my-nodes.mjs",
        "worker --storage postgres://localhost/automatrix --redis redis://localhost:6379",
      )}

It starts nothing by itself but what schedules start. SIGTERM or Ctrl-C drains: nothing new is claimed, running nodes
may end, everything else is handed back for other workers to go on at once. A second one quits; then others take over
when the lease is over (15 s).

Exit code: 0 drained, 1 the storage could not be opened, 2 usage.`,
    )
    .action((options: WorkerOptions) => finish(workerCommand(options, streams)));
}

function tagList(text: string): readonly string[] {
  if (text === "") return [];
  const tags = text.split(",").map((tag) => tag.trim());
  if (tags.every((tag) => tag !== "")) return tags;
  throw new InvalidArgumentError("It must be a list of tags, such as gpu,eu.");
}
