import { runCommandLine } from "../src/command-line.js";
import { type RecordedStreams, recordedStreams } from "./recorded-streams.js";

export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs one command in this process and keeps what it writes. */
export async function automatrix(
  args: readonly string[],
  streams: RecordedStreams = recordedStreams(),
): Promise<Outcome> {
  const exitCode = await runCommandLine(args, streams);
  return { exitCode, output: streams.outputText(), errors: streams.errorText() };
}
