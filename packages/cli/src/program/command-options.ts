import { InvalidArgumentError, Option } from "commander";
import { DEFAULT_STORAGE_URL } from "../storage/storage-url.js";

/** Runs a command and passes its exit code on. */
export type Finish = (exitCode: Promise<number>) => Promise<void>;

/** What an argument `<id>` is. */
export const EXECUTION_ID = "id of an execution, as run and executions print it";

export function storageOption(): Option {
  return new Option("--storage <url>", "where executions are kept: sqlite:PATH, postgres://… or memory:").default(
    DEFAULT_STORAGE_URL,
  );
}

export function nodesOption(): Option {
  return repeatable("--nodes <file>", "module that exports node types of your own; it runs as code (repeatable)");
}

/** Options of the commands that run nodes, in the order of their help. */
export function runningOptions(): readonly Option[] {
  return [
    storageOption(),
    new Option("--concurrency <n>", "nodes that run at once").argParser(positiveInteger),
    nodesOption(),
    repeatable(
      "--decide <node=decision>",
      "answer an approval: NODE=approve or NODE=reject, :PERSON may follow (repeatable)",
    ),
    waitOption(),
    new Option("--json", "print one JSON document: id, status, output, error, duration_ms, nodes"),
    new Option("--quiet", "no progress"),
  ];
}

export function waitOption(): Option {
  return new Option("--wait", "stay until it ends, even when it waits for somebody who is not here");
}

/** A signal sent at the start. */
export function signalOption(): Option {
  return repeatable("--signal <name=json>", "send a signal at the start (repeatable)");
}

export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect).default([], "none");
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("It must be a whole number from 0.");
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** The part of a help text that shows how a command is used. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  automatrix ${line}`.trimEnd()).join("\n")}`;
}
