import type { Streams } from "../src/streams.js";

/** Streams for tests: input from a text, output kept as text. */
export interface RecordedStreams extends Streams {
  readonly outputText: () => string;
  readonly errorText: () => string;
}

export function recordedStreams(
  params: { readonly input?: string; readonly isTerminal?: boolean } = {},
): RecordedStreams {
  let outputText = "";
  let errorText = "";
  return {
    readInput: async function* () {
      yield new TextEncoder().encode(params.input ?? "");
    },
    inputIsTerminal: false,
    color: false,
    output: { write: (text) => (outputText += text) },
    errors: { write: (text) => (errorText += text), isTTY: params.isTerminal === true },
    outputText: () => outputText,
    errorText: () => errorText,
  };
}
