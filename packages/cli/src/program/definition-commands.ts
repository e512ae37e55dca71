import { type Command, Option } from "commander";
import { GRAPH_FORMATS, type GraphOptions, graphCommand } from "../commands/graph.js";
import { type RunOptions, runCommand } from "../commands/run.js";
import { type ValidateOptions, validateCommand } from "../commands/validate.js";
import type { Streams } from "../streams.js";
import { examples, type Finish, nodesOption, runningOptions, signalOption, storageOption } from "./command-options.js";

const FILE = "workflow definition, JSON or YAML; - reads standard input";

/** Commands about a definition in a file: `run`, `validate`, `graph`. */
export function addDefinitionCommands(program: Command, streams: Streams, finish: Finish): void {
  addRun(program, streams, finish);

  program
    .command("validate")
    .description("print every issue of a workflow with its place")
    .argument("<file>", FILE)
    .addOption(nodesOption())
    .option("--json", "print one JSON document: valid, issues")
    .addHelpText(
      "after",
      `${examples("validate workflow.json", "validate workflow.yaml --json")}

Exit code: 0 valid (warnings allowed), 2 invalid.`,
    )
    .action((file: string, options: ValidateOptions) => finish(validateCommand(file, options, streams)));

  program
    .command("graph")
    .description("draw a workflow, or how far an execution of it has come")
    .argument("[file]", `${FILE}; with --execution it may be left out`)
    .addOption(new Option("--format <format>", "what to draw").choices(GRAPH_FORMATS).default("text"))
    .option("--execution <id>", "colour the nodes by their status in this execution")
    .addOption(storageOption())
    .addHelpText(
      "after",
      examples("graph workflow.json", "graph workflow.json --format svg > workflow.svg", "graph --execution ID"),
    )
    .action((file: string | undefined, options: GraphOptions) => finish(graphCommand(file, options, streams)));
}

function addRun(program: Command, streams: Streams, finish: Finish): void {
  const run = program
    .command("run")
    .description("validate and run a workflow; progress on stderr, result on stdout")
    .argument("<file>", FILE)
    .option("--input <json>", "the execution's input: JSON, or @file");
  for (const option of runningOptions()) run.addOption(option);
  run
    .addOption(signalOption())
    .option("--idempotency-key <key>", "a second run with the same key answers with the first execution")
    .addHelpText(
      "after",
      `${examples(
        "run workflow.json",
        "run workflow.yaml --input @lead.json --json",
        "run order.json --decide approve_order=approve:ann",
        "run - --storage memory: < workflow.json",
      )}

Exit code: 0 completed, 1 failed, cancelled or not finished, 2 usage or invalid definition.
Ctrl-C cancels; a second one quits. An execution that waits for an approval, a signal or more than five minutes, with
nobody at a terminal to ask, is kept in the storage: the command says how to go on, and exits 1. After a crash,
"automatrix resume ID" goes on where it stopped; another process counts as dead after 5 s without a sign of life.`,
    )
    .action((file: string, options: RunOptions) => finish(runCommand(file, options, streams)));
}
