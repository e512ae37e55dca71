import type { Command } from "commander";
import { type NodeNewOptions, nodeNewCommand } from "../commands/node-new.js";
import type { Streams } from "../streams.js";
import { examples, type Finish } from "./command-options.js";

/** `node new`: for authors of node types. */
export function addNodeCommands(program: Command, streams: Streams, finish: Finish): void {
  const node = program.command("node").description("for authors of node types");
  node
    .command("new")
    .description("make a package with one node type, its test and a workflow that uses it")
    .argument("<name>", "small letters, digits and hyphens, such as send-fax")
    .option("--folder <folder>", "where to make it (default: a folder of that name)")
    .addHelpText("after", examples("node new send-fax", "node new send-fax --folder packages/send-fax"))
    .action((name: string, options: NodeNewOptions) => finish(nodeNewCommand(name, options, streams)));
}
