import { Command } from "commander";
import { demoCommand } from "./commands/demo.js";
import { packageVersion } from "./package-version.js";
import { printable } from "./printable.js";
import { examples, type Finish } from "./program/command-options.js";
import { addCredentialsCommands } from "./program/credentials-commands.js";
import { addDefinitionCommands } from "./program/definition-commands.js";
import { refuseExcessArguments } from "./program/excess-arguments.js";
import { addExecutionCommands } from "./program/execution-commands.js";
import { addMachineCommands } from "./program/machine-commands.js";
import { addNodeCommands } from "./program/node-commands.js";
import { addWorkerCommand } from "./program/worker-command.js";
import type { Streams } from "./streams.js";

export interface ProgramParams {
  readonly streams: Streams;
  /** Receives the exit code of the command that ran. */
  readonly onExitCode: (exitCode: number) => void;
}

/** The command line: options, help and which command runs. Errors of usage are thrown as `CommanderError`. */
export function createProgram({ streams, onExitCode }: ProgramParams): Command {
  const finish: Finish = async (exitCode) => onExitCode(await exitCode);
  const program = new Command("automatrix")
    .description(
      "Runs workflows: directed acyclic graphs of nodes. Without a command it runs an example, kept in automatrix.db.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    // Commander would call an unknown command an argument too many, and would not say which argument is.
    .allowExcessArguments(true)
    .hook("preAction", (_program, command) => {
      if (command !== program) refuseExcessArguments(command);
    })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.output.write(text),
      writeErr: (text) => streams.errors.write(text),
    })
    .action(async (_options: unknown, { args }: Command) => {
      if (args[0] !== undefined)
        program.error(`error: unknown command '${printable(args[0])}' (see automatrix --help)`);
      await finish(demoCommand(streams));
    });
  program.addHelpText(
    "after",
    examples(
      "",
      'run workflow.json --input \'{"name":"Ann"}\'',
      "graph workflow.yaml --format svg > workflow.svg",
      "executions --status waiting",
      "resume ID",
    ),
  );
  addDefinitionCommands(program, streams, finish);
  addExecutionCommands(program, streams, finish);
  addWorkerCommand(program, streams, finish);
  addCredentialsCommands(program, streams, finish);
  addMachineCommands(program, streams, finish);
  addNodeCommands(program, streams, finish);
  return program;
}
