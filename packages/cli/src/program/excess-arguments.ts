import type { Command } from "commander";
import { printable, shorten } from "../printable.js";

const MAX_SHOWN_LENGTH = 60;
/** An argument of these is a credential somebody meant to store: shown to nobody. */
const SECRET_COMMANDS: ReadonlySet<string> = new Set(["credentials set"]);

/** Where what was probably meant belongs. */
const REMEDIES: Readonly<Record<string, string>> = {
  run: "the input belongs into --input",
  graph: "the picture goes to standard output",
  resume: "decisions belong into --decide, signals into --signal",
  retry: "the node to run again from belongs into --from",
  signal: "the data of the signal belongs into --data",
  cancel: "a reason of several words needs quotes",
  executions: "what is listed is chosen with --status and --workflow",
  journal: "the number to begin after belongs into --after",
  worker: "the storage belongs into --storage, Redis into --redis",
  doctor: "the storage belongs into --storage",
  bench: "the time for each scenario belongs into --seconds",
  "credentials set": "the value is read from standard input or --value-file, and the tenant belongs into --tenant",
  "credentials delete": "the tenant belongs into --tenant",
  "credentials list": "the file belongs into --file",
  "credentials rotate": "the file belongs into --file",
  "node new": "the folder belongs into --folder",
};

/** Ends with a usage error when a command was given more than it takes: whatever it was meant to do would not be done. */
export function refuseExcessArguments(command: Command): void {
  const [excess] = command.args.slice(command.registeredArguments.length);
  if (excess === undefined) return;
  const name = fullName(command);
  const shown = SECRET_COMMANDS.has(name) ? "" : ` '${shownArgument(excess)}'`;
  const remedy = REMEDIES[name] === undefined ? "" : `; ${REMEDIES[name]}`;
  command.error(`error: ${name} does not take the argument${shown}${remedy} (see automatrix ${name} --help)`);
}

/** The words after `automatrix`. */
function fullName(command: Command): string {
  const { parent } = command;
  return parent?.parent == null ? command.name() : `${fullName(parent)} ${command.name()}`;
}

/** Of a URL only the scheme: the rest may hold a password. */
function shownArgument(text: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text) ?? [];
  return scheme === undefined ? shorten(printable(text), MAX_SHOWN_LENGTH) : `${scheme}…`;
}
