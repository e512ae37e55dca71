import type { Command } from "commander";
import { type BenchOptions, benchCommand } from "../commands/bench.js";
import { type DoctorOptions, doctorCommand } from "../commands/doctor.js";
import type { Streams } from "../streams.js";
import { examples, type Finish, positiveNumber, storageOption } from "./command-options.js";

/** Commands about this machine: `doctor`, `bench`. */
export function addMachineCommands(program: Command, streams: Streams, finish: Finish): void {
  program
    .command("doctor")
    .description("check Node.js, memory, clock and storage")
    .addOption(storageOption())
    .option("--json", "print one JSON document: ok, checks")
    .addHelpText(
      "after",
      `${examples("doctor", "doctor --storage sqlite:/var/lib/automatrix/automatrix.db", "doctor --json")}

Exit code: 0 everything is well, 1 something is not.`,
    )
    .action((options: DoctorOptions) => finish(doctorCommand(options, streams)));

  program
    .command("bench")
    .description("measure steps per second on this machine, in memory")
    .option("--seconds <n>", "time for each scenario", positiveNumber, 1)
    .option("--json", "print one JSON document: node, measurements")
    .addHelpText("after", examples("bench", "bench --seconds 5 --json"))
    .action((options: BenchOptions) => finish(benchCommand(options, streams)));
}
