import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { type BenchOptions, benchCommand } from "./commands/bench.js";
import { demoCommand } from "./commands/demo.js";
import { type DoctorOptions, doctorCommand } from "./commands/doctor.js";
import { GRAPH_FORMATS, type GraphOptions, graphCommand } from "./commands/graph.js";
import { type RunOptions, runCommand } from "./commands/run.js";
import { type ValidateOptions, validateCommand } from "./commands/validate.js";
import { printable } from "./printable.js";
import { DEFAULT_STORAGE_URL } from "./storage-url.js";
import type { Streams } from "./streams.js";

export interface ProgramParams {
  readonly streams: Streams;
  /** Receives the exit code of the command that ran. */
  readonly onExitCode: (exitCode: number) => void;
}

const FILE = "workflow definition, JSON or YAML; - reads standard input";

/** The command line: options, help and which command runs. Errors of usage are thrown as `CommanderError`. */
export function createProgram({ streams, onExitCode }: ProgramParams): Command {
  const program = new Command("automatrix")
    .description("Runs workflows: directed acyclic graphs of nodes. Without a command it runs an example.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    // Commander would call an unknown command an argument too many.
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.output.write(text),
      writeErr: (text) => streams.errors.write(text),
    })
    .action(async (_options: unknown, { args }: Command) => {
      if (args[0] !== undefined)
        program.error(`error: unknown command '${printable(args[0])}' (see automatrix --help)`);
      onExitCode(await demoCommand(streams));
    });
  program.addHelpText(
    "after",
    examples("", 'run workflow.json --input \'{"name":"Ann"}\'', "graph workflow.yaml --format svg > workflow.svg"),
  );

  program
    .command("run")
    .description("validate and run a workflow; progress on stderr, result on stdout")
    .argument("<file>", FILE)
    .option("--input <json>", "the execution's input: JSON, or @file")
    .addOption(storageOption())
    .option("--concurrency <n>", "nodes that run at once", positiveInteger)
    .option("--idempotency-key <key>", "a second run with the same key answers with the first execution")
    .addOption(nodesOption())
    .addOption(
      repeatable(
        "--decide <node=decision>",
        "answer an approval: NODE=approve or NODE=reject, :PERSON may follow (repeatable)",
      ),
    )
    .addOption(repeatable("--signal <name=json>", "send a signal at the start (repeatable)"))
    .option("--json", "print one JSON document: id, status, output, error, duration_ms, nodes")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `${examples("run workflow.json", "run workflow.yaml --input @lead.json --json", "run order.json --decide approve_order=approve:ann", "run - < workflow.json")}

Exit code: 0 completed, 1 failed or cancelled, 2 usage or invalid definition.
Ctrl-C cancels; a second one quits.`,
    )
    .action(async (file: string, options: RunOptions) => onExitCode(await runCommand(file, options, streams)));

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
    .action(async (file: string, options: ValidateOptions) =>
      onExitCode(await validateCommand(file, options, streams)),
    );

  program
    .command("graph")
    .description("draw a workflow")
    .argument("<file>", FILE)
    .addOption(new Option("--format <format>", "what to draw").choices(GRAPH_FORMATS).default("text"))
    .option("--execution <id>", "colour the nodes by their status in this execution")
    .addOption(storageOption())
    .addHelpText("after", examples("graph workflow.json", "graph workflow.json --format svg > workflow.svg"))
    .action(async (file: string, options: GraphOptions) => onExitCode(await graphCommand(file, options, streams)));

  program
    .command("doctor")
    .description("check Node.js, memory, clock and storage")
    .addOption(storageOption())
    .option("--json", "print one JSON document: ok, checks")
    .addHelpText(
      "after",
      `${examples("doctor", "doctor --json")}

Exit code: 0 everything is well, 1 something is not.`,
    )
    .action(async (options: DoctorOptions) => onExitCode(await doctorCommand(options, streams)));

  program
    .command("bench")
    .description("measure steps per second on this machine, in memory")
    .option("--seconds <n>", "time for each scenario", positiveNumber, 1)
    .option("--json", "print one JSON document: node, measurements")
    .addHelpText("after", examples("bench", "bench --seconds 5 --json"))
    .action(async (options: BenchOptions) => onExitCode(await benchCommand(options, streams)));

  return program;
}

function storageOption(): Option {
  return new Option("--storage <url>", "where executions are kept").default(DEFAULT_STORAGE_URL);
}

function nodesOption(): Option {
  return repeatable("--nodes <file>", "module that exports node types of your own; it runs as code (repeatable)");
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect).default([], "none");
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  automatrix ${line}`.trimEnd()).join("\n")}`;
}

/** From package.json, one folder above both the sources and the build. */
function packageVersion(): string {
  const file = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { readonly version: string }).version;
}
