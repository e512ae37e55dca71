import { type Command, Option } from "commander";
import { type CancelOptions, cancelCommand } from "../commands/cancel.js";
import { EXECUTION_STATUSES, type ExecutionsOptions, executionsCommand } from "../commands/executions.js";
import { type ExplainOptions, explainCommand } from "../commands/explain.js";
import { type JournalOptions, journalCommand } from "../commands/journal.js";
import { resumeCommand } from "../commands/resume.js";
import { RETRY_MODES, type RetryCommandOptions, retryCommand } from "../commands/retry.js";
import { type SignalOptions, signalCommand } from "../commands/signal.js";
import type { ContinueOptions } from "../execution/continue-execution.js";
import type { Streams } from "../streams.js";
import {
  EXECUTION_ID,
  examples,
  type Finish,
  nodesOption,
  positiveInteger,
  runningOptions,
  signalOption,
  storageOption,
  wholeNumber,
} from "./command-options.js";

const DEFAULT_LIST_LIMIT = 20;
const EXIT_CODES = "Exit code: 0 completed, 1 failed, cancelled or not finished, 2 usage or unknown execution.";

/** Commands about executions in a storage. */
export function addExecutionCommands(program: Command, streams: Streams, finish: Finish): void {
  addResume(program, streams, finish);
  addRetry(program, streams, finish);
  addSignal(program, streams, finish);
  addCancel(program, streams, finish);
  addLookingBack(program, streams, finish);
}

function addResume(program: Command, streams: Streams, finish: Finish): void {
  const resume = program
    .command("resume")
    .description("continue an unfinished execution here, until it ends or waits")
    .argument("<id>", EXECUTION_ID);
  for (const option of [...runningOptions(), signalOption()]) resume.addOption(option);
  resume
    .addHelpText(
      "after",
      `${examples("resume ID", "resume ID --decide approve_order=approve:ann", "resume ID --wait --nodes my-nodes.mjs")}

${EXIT_CODES}
Nodes that finished do not run again. Ctrl-C hands the execution back; a second one quits. When another process runs it,
it is followed here, and taken over once that process is dead (5 s without a sign of life). A blocked execution is freed
first. Of an execution that has ended the result is printed.`,
    )
    .action((id: string, options: ContinueOptions) => finish(resumeCommand(id, options, streams)));
}

function addRetry(program: Command, streams: Streams, finish: Finish): void {
  const retry = program
    .command("retry")
    .description("run a failed or cancelled execution again, as a new one that keeps what finished")
    .argument("<id>", EXECUTION_ID)
    .option("--from <node>", "this node and everything after it run again, whatever became of them")
    .addOption(
      new Option("--mode <mode>", "failed runs what did not finish, restart runs everything")
        .choices(RETRY_MODES)
        .default("failed"),
    );
  for (const option of [...runningOptions(), signalOption()]) retry.addOption(option);
  retry
    .addHelpText(
      "after",
      `${examples("retry ID", "retry ID --from fetch", "retry ID --mode restart --json")}\n\n${EXIT_CODES}`,
    )
    .action((id: string, options: RetryCommandOptions) => finish(retryCommand(id, options, streams)));
}

function addSignal(program: Command, streams: Streams, finish: Finish): void {
  const signal = program
    .command("signal")
    .description("send a signal to an execution")
    .argument("<id>", EXECUTION_ID)
    .argument("<name>", "name of the signal")
    .option("--data <json>", "what the waiting node gets: JSON, or @file (default: null)")
    .option("--key <key>", "a second signal of this name with the same key changes nothing")
    .option("--follow", "then continue the execution here, as resume does");
  for (const option of runningOptions()) signal.addOption(option);
  signal
    .addHelpText(
      "after",
      `${examples(`signal ID paid --data '{"euro":5}'`, "signal ID paid --data @payment.json --key payment-7", "signal ID paid --follow")}

Exit code: 0 sent (or had already), 2 usage or unknown execution; with --follow as resume.
A signal that nobody waits for yet is kept. One for an execution that no process runs wakes it once some process does:
a worker, or resume.`,
    )
    .action((id: string, name: string, options: SignalOptions) =>
      finish(signalCommand({ id, name, options, streams })),
    );
}

function addCancel(program: Command, streams: Streams, finish: Finish): void {
  program
    .command("cancel")
    .description("cancel an execution, wherever it runs")
    .argument("<id>", EXECUTION_ID)
    .argument("[reason]", "why, for the journal")
    .addOption(storageOption())
    .addOption(nodesOption())
    .option("--json", "print one JSON document: id, status")
    .addHelpText(
      "after",
      `${examples("cancel ID", `cancel ID "ordered twice"`)}

Exit code: 0 cancelled, or noted for the process that runs it; 2 usage, unknown execution, or one that has ended.`,
    )
    .action((id: string, reason: string | undefined, options: CancelOptions) =>
      finish(cancelCommand(id, reason, options, streams)),
    );
}

function addLookingBack(program: Command, streams: Streams, finish: Finish): void {
  program
    .command("explain")
    .description("say why an execution is not moving, and what would move it")
    .argument("<id>", EXECUTION_ID)
    .addOption(storageOption())
    .option("--json", "print one JSON document: id, status, explanation, blocked, waits")
    .addHelpText("after", examples("explain ID", "explain ID --json"))
    .action((id: string, options: ExplainOptions) => finish(explainCommand(id, options, streams)));

  program
    .command("executions")
    .description("list executions, the newest first")
    .addOption(storageOption())
    .addOption(
      new Option("--status <status...>", "only those that are queued, running, waiting, completed, failed or cancelled")
        .choices(EXECUTION_STATUSES)
        .default([], "all"),
    )
    .option("--workflow <id>", "only those of this workflow: its id or its name")
    .option("--limit <n>", "at most so many", positiveInteger, DEFAULT_LIST_LIMIT)
    .option("--cursor <cursor>", "go on where the page before ended")
    .option("--json", "print one JSON document: items, nextCursor")
    .addHelpText(
      "after",
      examples("executions", "executions --status waiting failed", "executions --workflow lead-intake --json"),
    )
    .action((options: ExecutionsOptions) => finish(executionsCommand(options, streams)));

  program
    .command("journal")
    .description("print what happened in an execution, one event a line")
    .argument("<id>", EXECUTION_ID)
    .addOption(storageOption())
    .option("--after <n>", "only events after this number", wholeNumber, 0)
    .option("--follow", "go on until the execution ends")
    .option("--json", "print each event as a line of JSON")
    .addHelpText("after", examples("journal ID", "journal ID --after 12 --follow", "journal ID --json"))
    .action((id: string, options: JournalOptions) => finish(journalCommand(id, options, streams)));
}
